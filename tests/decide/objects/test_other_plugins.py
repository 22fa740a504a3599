"""Mode audit refuses changes of plugins that authorize requests, or may be such ones, and no others."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from portero.decide.judging.enforcement import Enforcement
from portero.decide.judging.judge import Judge
from portero.decide.values.json_fields import JSON
from tests.decide.judging.requests import envelope
from tests.judges import make_judge
from tests.observe.host.fixed_objects import FixedHost, FixedObjects

NOON = 1_800_000_000.0
RULE = "no-plugin-changes"
MOUNTS = [{"Name": "mount", "Description": "", "Value": ["/var/lib/acme"]}]


class Daemon(FixedHost):
    """`authorizing`: the plugins that it asks; None: it does not say."""

    authorizing: list[str] | None

    def __init__(self, authorizing: list[str] | None) -> None:
        super().__init__()
        self.authorizing = authorizing

    def objects(self) -> FixedObjects:
        authorizing = self.authorizing

        class Shown(FixedObjects):
            def info(self) -> Mapping[str, JSON]:
                return {"Plugins": {"Authorization": authorizing}}

        return Shown({})


@pytest.fixture(scope="module")
def judge() -> Judge:
    return make_judge(profile="baseline")


def actions(judge: Judge, host: FixedHost, method: str, path: str, body: Any = None, mode: Any = "audit") -> list[str]:
    judged = replace(judge, host=host, enforcement=Enforcement("baseline", mode))
    decision = judged.decide(envelope(method, f"/v1.45/plugins/{path}", body), "d-1", NOON)
    assert decision.fault is None
    return [one.action for one in decision.violations if one.rule == RULE or one.level == "always"]


ASKED = ["portero", "acme/guard:2"]
CHANGES: list[tuple[str, str, Any]] = [
    *(("POST", f"{{}}/{verb}", None) for verb in ("enable", "disable", "push")),
    ("DELETE", "{}", None),
    ("POST", "{}/set", ["DEBUG=1"]),
    ("POST", "{}/upgrade?remote=vieux/sshfs:2", MOUNTS),
    ("POST", "pull?remote={}", MOUNTS),
    ("POST", "pull?remote=vieux/sshfs&name={}", []),
    ("POST", "create?name={}", None),
]


@pytest.mark.parametrize(("method", "path", "body"), CHANGES, ids=[f"{one[0]} {one[1]}" for one in CHANGES])
def test_audit_reports_a_change_of_another_plugin_and_refuses_one_of_those_that_authorize(
    judge: Judge, method: str, path: str, body: Any
) -> None:
    host = Daemon(ASKED)

    for name in ("vieux/sshfs", "vieux/sshfs:latest", "registry.example.com/team/volumes@sha256:ab"):
        assert actions(judge, host, method, path.format(name), body) == ["audit"], name
        assert actions(judge, host, method, path.format(name), body, "enforce") == ["deny"]
    for name in ("portero", "docker.io/library/portero:latest", "acme/portero", "acme/guard", "guard:3", "%70ortero"):
        assert actions(judge, host, method, path.format(name), body) == ["deny"], name
    # By the beginning of its ID, it may be any.
    if not path.startswith(("pull", "create")):
        assert actions(judge, host, method, path.format("ab12"), body) == ["deny"]


@pytest.mark.parametrize("folder", ["/", "/run", "/run/docker/plugins/portero.sock", "/var/run/docker/./plugins"])
def test_a_plugin_that_is_given_the_folder_of_sockets_may_be_one_of_them(judge: Judge, folder: str) -> None:
    given = [{"Name": "mount", "Value": ["/srv", folder]}]

    assert actions(judge, Daemon(ASKED), "POST", "pull?remote=vieux/sshfs", given) == ["deny"]
    assert actions(judge, Daemon(ASKED), "POST", "vieux/sshfs/set", [f"data.source={folder}"]) == ["deny"]
    assert actions(judge, Daemon(ASKED), "POST", "vieux/sshfs/set", ["data.source=/srv"]) == ["audit"]


@pytest.mark.parametrize("host", [FixedHost(), Daemon(None), Daemon([])], ids=["not asked", "not said", "none"])
def test_what_cannot_be_told_is_refused(judge: Judge, host: FixedHost) -> None:
    assert actions(judge, host, "POST", "vieux/sshfs/disable") == ["deny"]


def test_a_change_that_cannot_be_read_is_refused_too(judge: Judge) -> None:
    assert actions(judge, Daemon(ASKED), "POST", "vieux/sshfs/disable?force=%00") == ["deny"]
