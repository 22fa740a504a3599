"""The same requests where the host's files are visible and in a managed plugin (docs/install.md lists what differs)."""

import time

import pytest

from portero.decide.judging.judge import Judge
from portero.observe.host import network
from tests.decide.judging.corpus import every_body
from tests.judges import make_judge

# What a managed plugin does not see, it refuses: links of bind sources, names behind network IDs.
REFUSED_THERE = {"host-paths-seen", "network-resolved"}


def judge(host_root: str) -> Judge:
    return make_judge(host_root=host_root, profile="baseline")


def test_a_managed_plugin_decides_the_same_or_refuses_what_it_cannot_see(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "_MOUNTED", "/proc/self/net")
    host, plugin = judge("/"), judge("none")
    cases = [*every_body()]
    other = {}
    unseen = []
    for name, envelope in cases:
        on_host, in_plugin = (each.decide(envelope, "d-0", time.time()) for each in (host, plugin))
        rules = {violation.rule for violation in in_plugin.denials}
        if rules & REFUSED_THERE:
            unseen.append(name)
        elif on_host.allowed != in_plugin.allowed:
            other[name] = [violation.rule for violation in (*on_host.violations, *in_plugin.violations)]

    assert other == {}
    assert len(cases) > 300
    assert len(unseen) < len(cases) / 3
