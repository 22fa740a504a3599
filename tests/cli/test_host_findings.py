"""What depends on the host is reported away from it; what another service is refused for is said there alone."""

from dataclasses import replace

import pytest

from portero.cli.host_findings import list_assumed, report_unseen
from portero.standin.objects import State
from portero.standin.project_objects import ProjectObjects
from portero.values.denial_parts import Wording
from tests.report.conftest import checked, violation


def test_what_cannot_be_seen_is_counted_and_refuses_nothing() -> None:
    unseen, other = violation("host-paths-seen", "HostConfig.Binds[0]"), violation("no-privileged")
    both, count = report_unseen([checked(unseen), checked(unseen, other), checked(replace(unseen, action="audit"))])

    assert [each.decision.allowed for each in both] == [True, False, True]
    assert count == 2


@pytest.mark.parametrize(
    ("source", "bind", "refused"),
    [
        ("/etc/services", "/etc/services:/x:ro", False),
        ("/usr/share/zoneinfo/UTC", "/usr/share/zoneinfo/UTC:/x:z,ro", False),
        ("/etc/services", "/etc/services:/x", True),
        ("/etc", "/etc:/x:ro", True),
        ("/proc/keys", "/proc/keys:/x:ro", True),
    ],
)
def test_a_file_of_the_host_may_be_everybodys_where_it_is_mounted_read_only(
    source: str, bind: str, refused: bool
) -> None:
    facts = {"mounts": [{"at": "HostConfig.Binds[0]", "writable": "ro" not in bind.split(":")[-1]}]}
    found = replace(
        violation("no-sensitive-paths", "HostConfig.Binds[0]"), wording=Wording("no-sensitive-paths", asked=source)
    )
    (each,), count = report_unseen([replace(checked(found), facts=facts)])

    assert (each.decision.allowed, count) == (not refused, int(not refused))


def test_a_container_that_nobody_makes_is_assumed() -> None:
    objects = ProjectObjects(State(), ())
    objects.inspect("container", "elsewhere")
    request = replace(checked().request, objects=objects)

    assert [*list_assumed(request)] == ["elsewhere"]
    assert [*list_assumed(checked().request)] == []
