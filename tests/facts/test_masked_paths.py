"""A list of masked paths that is older than the daemon opens what the daemon masks by itself."""

from collections.abc import Sequence

import pytest

from portero.facts import masked_paths
from portero.facts.security import MASKED
from portero.host.fixed import FixedHost
from portero.types import JSON

THERMAL = "/sys/devices/system/cpu/cpu0/thermal_throttle"
HOST = FixedHost()
WITHOUT_THERMAL = FixedHost({"kinds": {THERMAL: "missing"}})


@pytest.mark.parametrize(
    ("listed", "host", "missing"),
    [
        ([], HOST, ["/proc/interrupts", THERMAL]),
        ([], WITHOUT_THERMAL, ["/proc/interrupts"]),
        (["/proc/interrupts"], HOST, [THERMAL]),
        (["/proc/interrupts"], WITHOUT_THERMAL, []),
        (["/proc/interrupts", "/sys/devices/system/cpu/cpu7/thermal_throttle"], HOST, []),
    ],
)
def test_a_list_misses_what_newer_versions_mask(listed: Sequence[JSON], host: FixedHost, missing: list[str]) -> None:
    found = masked_paths.read_create({"MaskedPaths": [*MASKED, *listed]}, host)

    assert found == {"missing": missing, "at": "HostConfig.MaskedPaths"}


@pytest.mark.parametrize("listed", [[], ["/proc/kcore"], list(MASKED[1:])], ids=len)
def test_a_list_without_the_oldest_paths_is_not_judged_twice(listed: list[JSON]) -> None:
    assert masked_paths.read_create({"MaskedPaths": listed}, HOST)["missing"] == []


def test_without_a_list_nothing_is_missing() -> None:
    assert masked_paths.read_create({}, HOST) == {"missing": [], "at": "HostConfig.MaskedPaths"}
