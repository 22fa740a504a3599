"""The same requests where the host's files are visible and in a managed plugin (docs/install.md lists what differs)."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from portero.host import routes
from portero.judging.judge import Judge
from portero.service.loading import judge_of
from portero.service.settings import Settings
from tests.paths import CORPUS

# What a managed plugin does not see, it refuses: links of bind sources, names behind network IDs.
REFUSED_THERE = {"host-paths-seen", "network-resolved"}


def bodies() -> Iterator[tuple[str, bytes]]:
    """Every JSON body of the corpus, as dockerd would post it."""
    for file in ("bypass.jsonl", "more.jsonl"):
        for line in (CORPUS / file).read_text(encoding="utf-8").splitlines():
            case: dict[str, Any] = json.loads(line)
            if case.get("raw") or "path" not in case:
                continue
            body = case.get("body_b64") or base64.b64encode(json.dumps(case.get("body")).encode()).decode()
            envelope = {
                "RequestMethod": case["method"],
                "RequestUri": case["path"],
                "RequestHeaders": dict(case.get("headers", [])),
                "RequestBody": body,
            }
            yield case["id"], json.dumps(envelope).encode()


def judge(host_root: str) -> Judge:
    return judge_of(Settings.read({}, {"host_root": host_root, "profile": "baseline"}))[0]


def test_a_managed_plugin_decides_the_same_or_refuses_what_it_cannot_see(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "_MOUNTED", "/proc/self/net")
    host, plugin = judge("/"), judge("none")
    cases = [*bodies()]
    other = {}
    unseen = []
    for name, envelope in cases:
        on_host, in_plugin = (each.decide(envelope, "d-0", time.time()) for each in (host, plugin))
        rules = {violation.rule for violation in in_plugin.violations if violation.action == "deny"}
        if rules & REFUSED_THERE:
            unseen.append(name)
        elif on_host.allowed != in_plugin.allowed:
            other[name] = [violation.rule for violation in (*on_host.violations, *in_plugin.violations)]

    assert other == {}
    assert len(cases) > 300
    assert len(unseen) < len(cases) / 3
