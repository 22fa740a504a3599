"""Drafts of exceptions: narrow, and refused until they are filled in."""

import json

from portero.decide.policy.exception_match import compile_file_faults, find_file_faults
from portero.tools.suggest.drafts import ExceptionDraft, ListEntry, RefusedRequest, find_entry
from tests.paths import SCHEMAS
from tests.tools.suggest.refused import DIGEST


def test_a_draft_matches_the_image_the_user_and_the_mounts() -> None:
    draft = ExceptionDraft(
        RefusedRequest("ContainerCreate", "docker.io", "prom/node-exporter", DIGEST, "netops"),
        ListEntry(("facts", "mounts"), "source"),
        {"/"},
        {"b", "a"},
    )

    document = draft.make_document()

    assert draft.id == "node-exporter-netops-mounts"
    assert document["rules"] == ["a", "b"]
    assert document["match"] == {
        "properties": {
            "operation": {"const": "ContainerCreate"},
            "identity": {"properties": {"user": {"const": "netops"}}},
            "facts": {
                "properties": {
                    "image": {
                        "properties": {
                            "registry": {"const": "docker.io"},
                            "repository": {"const": "prom/node-exporter"},
                            "digest": {"const": DIGEST},
                        }
                    },
                    "mounts": {"contains": {"properties": {"source": {"enum": ["/"]}}}},
                }
            },
        }
    }


def test_a_draft_is_refused_until_owner_reason_and_day_are_filled_in() -> None:
    schema = json.loads((SCHEMAS / "exception.json").read_text())
    rule = json.loads((SCHEMAS / "rule.json").read_text())
    document = ExceptionDraft(
        RefusedRequest("ContainerCreate", "docker.io", "a/b"), rules={"no-privileged"}
    ).make_document()

    assert [
        fault.partition(":")[0] for fault in find_file_faults(document, compile_file_faults(schema, rule), set())
    ] == [
        "expires",
        "owner",
        "reason",
    ]
    filled = {**document, "reason": "because", "owner": "team", "expires": "2030-01-01"}
    assert list(find_file_faults(filled, compile_file_faults(schema, rule), set())) == []


def test_a_draft_without_a_name_has_one() -> None:
    assert ExceptionDraft(RefusedRequest("VolumeCreate")).id == "requests"


def test_an_exception_to_ownership_is_about_the_objects_that_were_used() -> None:
    """One for all would have been about the containers of everybody."""
    foreign = {"kind": "container", "name": "web", "owner": "bob", "at": "path.id"}

    found = find_entry(("objects", "foreign", 0), {"objects": {"foreign": [foreign]}})

    assert found is not None
    entry, value = found
    draft = ExceptionDraft(RefusedRequest("ContainerStop", user="alicia"), entry, {value})
    pinned = {"kind": {"enum": ["container"]}, "name": {"const": "web"}, "owner": {"const": "bob"}}
    assert draft.make_document()["match"] == {
        "properties": {
            "operation": {"const": "ContainerStop"},
            "identity": {"properties": {"user": {"const": "alicia"}}},
            "objects": {"properties": {"foreign": {"contains": {"properties": pinned}}}},
        }
    }


def test_what_is_no_entry_of_a_list_that_lasts_is_not_pinned() -> None:
    nested = {"objects": {"nestedSources": [{"container": "c1"}]}, "facts": {"x": [{"at": "A"}, 7]}}

    paths = (("objects", "nestedSources", 0), ("facts", "x", 0), ("facts", "x", 1), ("facts", "y"), ("body", "Cmd", 0))
    assert [find_entry(path, nested) for path in paths] == [None] * 5
