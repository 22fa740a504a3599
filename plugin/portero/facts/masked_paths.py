"""Paths that Docker masks only in newer versions: what a list of masked paths in the request leaves open there.

A client that repeats the list of an older daemon (a tool that recreates containers from inspect) opens them on a newer
one. facts/security.py has the paths that every supported version masks.
"""

import re

from portero.facts.fields import texts
from portero.facts.security import MASKED
from portero.host.view import HostMoment
from portero.types import JSON, Fact

# Masked from Debian's 28.5.2 on (measured), and by moby's master; not yet by 26.1.
_INTERRUPTS = "/proc/interrupts"
# Masked by moby's master for each CPU that has it.
_THERMAL = "/sys/devices/system/cpu/cpu0/thermal_throttle"
_ANY_THERMAL = re.compile(r"/sys/devices/system/cpu/cpu\d+/thermal_throttle")


def read_create(config: Fact, host: HostMoment) -> Fact:
    """From a HostConfig. Nothing is missing where the request has no list: the daemon then has its own."""
    missing: list[JSON] = []
    kept = texts(config, "MaskedPaths")
    if set(MASKED) <= set(kept):
        if _INTERRUPTS not in kept:
            missing.append(_INTERRUPTS)
        if not any(map(_ANY_THERMAL.fullmatch, kept)) and host.look(_THERMAL).kind != "missing":
            missing.append(_THERMAL)
    return {"missing": missing, "at": "HostConfig.MaskedPaths"}
