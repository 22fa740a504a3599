"""What the guide itself recommends is allowed under hardened, once it has the limits that the guide asks for."""

import base64
import json
from copy import deepcopy
from typing import Any

import pytest

from portero.decide.values.json_fields import JSON
from tests.decide.judging.test_captured_traffic import ENVELOPES, refused_by

LIMITS: dict[str, JSON] = {
    "Memory": 512 * 1024 * 1024,
    "MemorySwap": 512 * 1024 * 1024,
    "NanoCpus": 500_000_000,
    "PidsLimit": 100,
    "Ulimits": [{"Name": "nofile", "Soft": 4096, "Hard": 10240}],
}
OBEYING = (
    *("cli/seed-01-apparmor", "cli/seed-03-awslogs", "cli/seed-05-device", "cli/seed-06-volume-ro-z-fixed"),
    *("cli/seed-07-tmpfs-fixed", "cli/seed-08-write-iops", "cli/seed-11-memory-reservation"),
    *("cli/seed-13-memory-swappiness", "cli/seed-14-kernel-memory", "cli/seed-18-net-none"),
    *("cli/seed-19-net-bridge", "cli/seed-21-net-user"),
)
DISOBEYING = {
    "cli/seed-02-alicia": {"bind-sources-listed", "no-writable-home"},
    "cli/seed-20-net-host": {"no-host-network"},
    "cli/seed-22-net-container": {"joined-containers-seen"},
}
# Ordinary work that the guide says nothing against.
ORDINARY = ("cli/load", "cli/load-stdin", "cli/info-login-fails", "cli/network-create", "compose/hardened-up")


def limited(envelope: dict[str, Any]) -> dict[str, Any]:
    """The same request with limits, where it makes a container and sets none of its own."""
    if not envelope["RequestUri"].split("?")[0].endswith("/containers/create"):
        return envelope
    envelope = deepcopy(envelope)
    body = json.loads(base64.b64decode(envelope["RequestBody"]))
    host = body["HostConfig"]
    missing = {name: limit for name, limit in LIMITS.items() if name == "MemorySwap" or not host.get(name)}
    if host.get("Memory"):
        missing["MemorySwap"] = host["Memory"]
    if host.get("CpuQuota"):
        del missing["NanoCpus"]
    host |= missing
    envelope["RequestBody"] = base64.b64encode(json.dumps(body).encode()).decode()
    return envelope


@pytest.mark.parametrize("case", OBEYING)
def test_an_obeying_example_of_the_guide_is_allowed_under_hardened(case: str) -> None:
    assert refused_by("hardened", [limited(envelope) for envelope in ENVELOPES[case]]) == set()


@pytest.mark.parametrize("case", DISOBEYING)
def test_what_the_guide_warns_of_stays_refused_with_all_limits(case: str) -> None:
    assert refused_by("hardened", [limited(envelope) for envelope in ENVELOPES[case]]) == DISOBEYING[case]


@pytest.mark.parametrize("case", ORDINARY)
def test_ordinary_work_is_allowed_under_hardened(case: str) -> None:
    assert refused_by("hardened", ENVELOPES[case], devices="closed") == set()
