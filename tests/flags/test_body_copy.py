"""A changed request leaves the old one as it was."""

from portero.flags.body_copy import Document, around


def test_the_objects_on_the_way_are_copies() -> None:
    before: Document = {"body": {"HostConfig": {"Memory": 1}}}
    changed = dict(before)

    parent, name = around(changed, "HostConfig.Memory")
    parent[name] = 2

    assert changed == {"body": {"HostConfig": {"Memory": 2}}}
    assert before == {"body": {"HostConfig": {"Memory": 1}}}


def test_what_is_missing_is_made() -> None:
    changed: Document = {}

    parent, name = around(changed, "A.B.C")
    parent[name] = 1

    assert changed == {"body": {"A": {"B": {"C": 1}}}}
