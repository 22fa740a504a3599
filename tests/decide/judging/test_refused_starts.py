"""What can refuse a start refuses the create before it, or a table says why it cannot be known then.

`docker run --rm` whose start is refused waits for the removal of a container that never ran.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portero.decide.judging.denial import write_denial
from portero.decide.values.refusals import CODES
from tests.decide.judging.corpus import every_body
from tests.decide.judging.requests import envelope, list_refusing
from tests.decide.objects.test_existing_objects import NOON, container, judge_with
from tests.observe.host.fixed_objects import FixedHost
from tests.paths import ROOT

# Of these rules, why the create cannot be refused for the same.
LATER_RULES = {
    "container-files-size": "only a container that ran can have written its hosts and resolv.conf",
    "no-checkpoint-paths": "docker start --checkpoint alone names a checkpoint",
}
_FORM = "the form of the start itself: no client of Docker sends it"
# Of each code: "create" where the create is refused for the same cause; else why not.
CODES_OF_STARTS = {
    **dict.fromkeys((code for code in CODES if code.startswith(("envelope-", "uri-", "body-"))), _FORM),
    **dict.fromkeys(("unknown-operation", "too-many-parameters", "unknown-field", "dropped-field"), _FORM),
    "container-alias": "the name in the start itself: docker run starts by the whole ID",
    "name-ambiguous": "the name in the start itself: docker run starts by the whole ID",
    "lookup-failed": "dockerd answers at the create, and not in time at the start",
    "internal-error": "a fault of Portero: no cause is known",
    **dict.fromkeys(
        ("path-climbs", "path-control-character", "mount-template", "too-many-looks", "too-many-objects"), "create"
    ),
    **dict.fromkeys(("network-name", "volume-name", "host-unreadable", "writers-unknown"), "create"),
    **dict.fromkeys(("headers-too-large", "identity-conflict", "door-invalid", "door-unlisted"), "create"),
    **dict.fromkeys(("certificate-invalid", "certificate-untrusted", "token-invalid", "token-untrusted"), "create"),
    **dict.fromkeys(("certificate-expired", "token-expired", "door-expired"), "create"),
    **dict.fromkeys(("log-failure", "policy-unusable", "settings-unusable"), "create"),
}
RULES = ROOT / "schemas" / "rules"


def test_the_tables_name_every_rule_and_code() -> None:
    rules = {file.stem: json.loads(file.read_text())["operations"] for file in RULES.glob("*/*.json")}
    starting = {name: its for name, its in rules.items() if {"*", "ContainerStart"} & {*its}}

    # Each other one judges the create by the same words; existing-container judges it as the create that it was.
    assert {name for name, its in starting.items() if not {"*", "ContainerCreate"} & {*its}} == LATER_RULES.keys()
    assert CODES_OF_STARTS.keys() == CODES.keys()


def test_what_may_be_created_may_be_started(tmp_path: Path) -> None:
    judge = replace(judge_with(tmp_path, {"site.json": {}}), host=FixedHost({"objects": {}}))
    started = 0
    for case, data in every_body():
        asked = json.loads(data)
        if "/containers/create" not in asked["RequestUri"] or not judge.decide(data, "d-1", NOON).allowed:
            continue
        body: Any = judge.document(data, NOON)["body"]
        given = body.get("HostConfig") or {}
        shown = container(case, **{name: value for name, value in given.items() if value is not None})
        shown |= {"Config": {name: value for name, value in body.items() if name != "HostConfig"}}
        at = replace(judge, host=FixedHost({"objects": {"container": {shown["Id"]: shown}}}))

        assert list_refusing(at.decide(envelope("POST", f"/containers/{shown['Id']}/start"), "d-2", NOON)) == [], case
        started += 1

    assert started > 20


@pytest.mark.parametrize("removes", [True, False])
def test_a_refused_start_says_how_docker_run_with_rm_ends(tmp_path: Path, removes: bool) -> None:
    judge = judge_with(tmp_path, {"site.json": {}})
    left = container("old", Privileged=True, AutoRemove=removes)
    at = replace(judge, host=FixedHost({"objects": {"container": {left["Id"]: left}}}))
    denial = write_denial(at.decide(envelope("POST", f"/containers/{left['Id']}/start"), "d-1", NOON))

    assert "existing-container" in denial
    assert ("end it with `docker rm old` in another shell" in " ".join(denial.split())) is removes
