"""What is suggested for refused requests, and what is not."""

import json
from typing import Any

import pytest

from portero.decide.decision import make_refusal
from portero.tools.suggest.drafts import RefusedRequest
from portero.tools.suggest.suggestions import NotSuggested, Suggestions
from tests.tools.suggest.refused import DIGEST, denied, finder, judge

JUDGE = judge()
NGINX = RefusedRequest("ContainerCreate", "docker.io", "library/nginx")
SOCKET = "/var/run/docker.sock"


def new() -> Suggestions:
    return Suggestions(JUDGE.policy, finder(JUDGE))


def add(suggestions: Suggestions, asked: RefusedRequest = NGINX, **host_config: object) -> None:
    document, denials = denied(JUDGE, **host_config)
    suggestions.add(asked, denials, document)


def left(suggestions: Suggestions) -> dict[str, str]:
    return {one.rule: one.why for one in suggestions.list_not_suggested()}


@pytest.fixture
def suggestions() -> Suggestions:
    return new()


def test_site_values_come_by_how_often_and_numbers_as_the_largest(suggestions: Suggestions) -> None:
    for memory in (2 << 30, 4 << 30, 3 << 30):
        add(suggestions, Memory=memory, MemorySwap=memory)
    add(suggestions, PidsLimit=500)
    add(suggestions)

    assert suggestions.make_patch() == {"memory-max": "4g", "pids-max": 500}
    assert [wanted.count for wanted in suggestions.list_site_values()] == [3, 1]
    assert (suggestions.requests, suggestions.refused, suggestions.legal) == (5, 4, 4)


def test_what_is_no_site_value_becomes_an_exception_for_the_image(suggestions: Suggestions) -> None:
    add(suggestions, PidMode="host")
    add(suggestions, PidMode="host")

    (draft,) = suggestions.list_drafts()
    assert (draft.request, draft.rules, draft.baseline, draft.count) == (NGINX, {"no-host-pid"}, {"no-host-pid"}, 2)


def test_a_rule_is_waived_for_the_mounts_that_it_refused_and_as_they_were(suggestions: Suggestions) -> None:
    """One draft for all would have let the container write what it only read."""
    keys = ["/home/joe/.ssh:/x:ro", "/home/joe/.aws:/w:ro"]
    add(suggestions, Binds=[*keys, "/home/joe/work:/y", "/etc/cron.d:/z"])
    add(suggestions, Binds=keys)

    drafts = {tuple(sorted(draft.values)): draft for draft in suggestions.list_drafts()}
    read, written = drafts["/home/joe/.aws", "/home/joe/.ssh"], drafts["/etc/cron.d",]
    assert (read.rules, read.count) == ({"host-paths-seen", "no-credential-paths"}, 2)
    assert written.rules == {"bind-sources-listed", "host-paths-seen", "no-sensitive-paths"}
    assert drafts["/home/joe/work",].rules == {"bind-sources-listed", "host-paths-seen"}
    facts = json.loads(json.dumps(read.make_document()))["match"]["properties"]["facts"]["properties"]
    assert facts["mounts"]["contains"]["properties"]["writable"] == {"const": False}


@pytest.mark.parametrize(
    ("host_config", "rule", "path", "pinned"),
    [
        (
            {"CapAdd": ["SYS_PTRACE", "SYS_NICE"]},
            "capabilities",
            ["capabilities", "add"],
            {"name": {"enum": ["SYS_NICE", "SYS_PTRACE"]}},
        ),
        (
            {"DeviceCgroupRules": ["c 1:3 r"]},
            "no-device-cgroup-rules",
            ["deviceCgroupRules"],
            {"rule": {"enum": ["c 1:3 r"]}},
        ),
        ({"NetworkMode": "host"}, "no-host-network", ["networks"], {"resolved": {"enum": ["host"]}}),
    ],
)
def test_a_rule_is_waived_for_the_entries_of_a_list_that_it_refused(
    suggestions: Suggestions, host_config: dict[str, Any], rule: str, path: list[str], pinned: dict[str, Any]
) -> None:
    """One for all would have waived it for CAP_SYS_ADMIN as well."""
    add(suggestions, **host_config)

    (found,) = [draft for draft in suggestions.list_drafts() if rule in draft.rules]
    part: Any = json.loads(json.dumps(found.make_document()))["match"]["properties"]["facts"]
    for step in path:
        part = part["properties"][step]
    assert part == {"contains": {"properties": pinned}}


def test_no_two_drafts_have_one_name(suggestions: Suggestions) -> None:
    """The second one would be written over the first, whose rules it need not have."""
    asked = [
        RefusedRequest("ContainerCreate", f"{host}.example.com", name) for host in "ab" for name in ("app", "app-1")
    ]
    for one in asked:
        add(suggestions, one, PidMode="host")

    named = suggestions.name_drafts()
    assert {*named} == {"app", "app-1", "app-1-1", "app-1-2"}
    assert {draft.request for draft in named.values()} == {*asked}


def test_a_mount_that_stays_refused_is_not_listed_for_the_site(suggestions: Suggestions) -> None:
    add(suggestions, Binds=["/root/.ssh:/s"])

    assert suggestions.make_patch() == {}
    assert suggestions.list_drafts()[0].values == {"/root/.ssh"}


def test_a_path_that_stays_refused_without_an_image_to_match_is_not_listed_for_the_site(
    suggestions: Suggestions,
) -> None:
    add(suggestions, RefusedRequest("ContainerCreate"), Binds=["/:/host"])
    add(
        suggestions,
        RefusedRequest("ContainerCreate"),
        Binds=["/run/docker.sock:/d"],
        Devices=[{"PathOnHost": "/dev/kvm", "PathInContainer": "/dev/kvm", "CgroupPermissions": "r"}],
    )

    assert suggestions.make_patch().keys() == {"devices"}
    assert suggestions.legal == 0
    assert left(suggestions)["no-daemon-sockets"] == "pin"


def test_a_missing_flag_is_added_to_the_command(suggestions: Suggestions) -> None:
    add(suggestions, PidsLimit=0)

    assert suggestions.list_not_suggested() == [NotSuggested("pids-limit", "flags", "--pids-limit 200", 1)]
    assert suggestions.legal == 0


def test_a_flag_that_follows_another_one_says_so(suggestions: Suggestions) -> None:
    add(suggestions, MemorySwap=-1)

    (left,) = suggestions.list_not_suggested()
    assert (left.rule, left.flags) == ("no-swap", "--memory-swap with the value of --memory")


def test_the_daemons_socket_needs_a_pinned_image() -> None:
    suggestions, pinned = new(), new()
    add(suggestions, Binds=[f"{SOCKET}:{SOCKET}"])
    add(pinned, RefusedRequest("ContainerCreate", "docker.io", "library/traefik", DIGEST), Binds=[f"{SOCKET}:{SOCKET}"])

    assert left(suggestions)["no-daemon-sockets"] == "pin"
    assert "no-daemon-sockets" in pinned.list_drafts()[0].rules


def test_codes_self_protection_and_requests_without_a_name_are_left(suggestions: Suggestions) -> None:
    suggestions.add(RefusedRequest(""), [make_refusal("body-missing", "")])
    add(suggestions, Binds=["/etc/docker:/d"])
    add(suggestions, RefusedRequest("ContainerCreate"), PidMode="host")
    unknown = make_refusal("body-missing", "")
    suggestions.add(NGINX, [type(unknown)("gone", "hardened", "", "deny", "", {})])

    found = left(suggestions)
    assert found["body-missing"] == "code"
    assert found["protected-paths"] == "self-protection"
    assert found["no-host-pid"] == "unmatched"
    assert found["gone"] == "unknown"


def test_a_decision_log_has_no_values(suggestions: Suggestions) -> None:
    _, denials = denied(JUDGE, Runtime="nvidia")
    suggestions.add(NGINX, denials)

    assert left(suggestions) == {"runtimes": "values"}


def test_a_decision_log_gives_no_exception_for_every_mount_or_capability_of_an_image(suggestions: Suggestions) -> None:
    for more in ({"Binds": ["/home/joe/.ssh:/x:ro"]}, {"PidMode": "host"}, {"CapAdd": ["SYS_PTRACE"]}):
        _, denials = denied(JUDGE, **more)
        suggestions.add(NGINX, denials)

    (draft,) = suggestions.list_drafts()
    assert draft.rules == {"no-host-pid"}
    assert left(suggestions) == dict.fromkeys(("capabilities", "host-paths-seen", "no-credential-paths"), "values")


def test_a_decision_log_gives_no_exception_to_the_ownership_of_all_objects(suggestions: Suggestions) -> None:
    denial = make_refusal("body-missing", "")
    refused = type(denial)("own-objects-only", "baseline", "path.id", "deny", "", {})
    suggestions.add(RefusedRequest("ContainerStop", user="alicia"), [refused])

    assert (suggestions.list_drafts(), left(suggestions)) == ([], {"own-objects-only": "values"})
