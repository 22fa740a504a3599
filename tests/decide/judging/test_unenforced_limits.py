"""Limits that the daemon cannot enforce are reported; without an answer, and for services, they refuse."""

from dataclasses import replace
from typing import Any

import pytest

from portero.decide.interfaces.host_notes import HostNotes
from portero.decide.judging.enforcement import Enforcement
from portero.decide.judging.judge import Judge
from tests.decide.judging.requests import envelope, list_refusing
from tests.decide.objects.test_existing_objects import NOON, SilentHost, decide, judge_with
from tests.observe.host.fixed_objects import FixedHost, FixedObjects

LIMITS = {"cpu-limit": "CpuCfsQuota", "memory-limit": "MemoryLimit", "no-swap": "SwapLimit", "pids-limit": "PidsLimit"}
ENFORCED = dict.fromkeys(LIMITS.values(), True)
FILES = [{"Name": "nofile", "Soft": 4096, "Hard": 10240}]
CREATE = ("POST", "/containers/create", {"Image": "busybox", "HostConfig": {"Ulimits": FILES}})
SERVICE = (
    "POST",
    "/services/create",
    {"Name": "web", "TaskTemplate": {"ContainerSpec": {"Image": "busybox", "Ulimits": FILES}}},
)


class InfoHost(FixedHost):
    """A host whose daemon answers GET /info with this."""

    info: dict[str, Any]

    def objects(self) -> Any:
        class Informed(FixedObjects):
            def info(_) -> Any:  # noqa: N805
                return self.info

        return Informed({})


def informed(info: dict[str, Any]) -> InfoHost:
    host = InfoHost()
    host.info = info
    return host


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    loaded = judge_with(tmp_path_factory.mktemp("site"), {"site.json": {}})
    return replace(loaded, enforcement=Enforcement("hardened", "enforce"))


@pytest.mark.parametrize(("rule", "field"), LIMITS.items())
def test_a_limit_without_its_controller_is_reported_and_the_others_refuse(judge: Judge, rule: str, field: str) -> None:
    decision = decide(replace(judge, host=informed(ENFORCED | {field: False})), *CREATE)

    assert list_refusing(decision) == [other for other in LIMITS if other != rule]
    assert [(one.action, one.profile) for one in decision.violations if one.rule == rule] == [("audit", "")]


def test_the_proposal_leaves_out_what_the_daemon_would_refuse(judge: Judge) -> None:
    decision = decide(replace(judge, host=informed(ENFORCED | {"CpuCfsQuota": False})), *CREATE)

    assert decision.suggestion is not None
    assert "--pids-limit" in str(decision.suggestion)
    assert "--cpus" not in str(decision.suggestion)


@pytest.mark.parametrize(
    "host",
    [SilentHost(), FixedHost(), informed({}), informed(dict.fromkeys(ENFORCED))],
    ids=["no answer", "no lookups", "says nothing", "says null"],
)
def test_what_is_not_known_to_be_unenforced_refuses(judge: Judge, host: FixedHost) -> None:
    assert "cpu-limit" in list_refusing(decide(replace(judge, host=host), *CREATE))


def test_a_service_can_run_on_another_node_and_is_refused(judge: Judge) -> None:
    host = informed(dict.fromkeys(ENFORCED, False))

    assert "cpu-limit" in list_refusing(decide(replace(judge, host=host), *SERVICE))


def test_what_the_daemon_said_is_noted_and_counts_in_a_replay(judge: Judge) -> None:
    notes = HostNotes()
    request = envelope(*CREATE)
    host = informed(ENFORCED | {"CpuCfsQuota": False})
    replace(judge, host=host).decide(request, "d-1", NOON, notes=notes)

    replayed = replace(judge, host=FixedHost()).decide(request, "d-2", NOON, notes=notes)

    assert notes.answers["switched-off"] == {"": {"CpuCfsQuota"}}
    assert list_refusing(replayed) == ["memory-limit", "no-swap", "pids-limit"]
