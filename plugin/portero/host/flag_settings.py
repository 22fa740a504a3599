"""Defaults that dockerd was given on its command line: flags in, what daemon.json would hold in their place out."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from portero.go_values import go_bool
from portero.host.dockerd_flags import FLAG_OF_KEY
from portero.types import JSON

# Keys of daemon.json that are one text.
_TEXTS = (
    "log-driver",
    "default-runtime",
    "default-cgroupns-mode",
    "default-ipc-mode",
    "default-shm-size",
    "userns-remap",
    "seccomp-profile",
)
_NUMBER = re.compile(r"-?[0-9]{1,19}")


def read_flag_settings(flags: Mapping[str, Sequence[str]]) -> dict[str, JSON]:
    """The settings in the form of daemon.json.

    dockerd does not start, nor reload, with a directive in both (moby daemon/config/config.go): a flag always counts.
    """
    settings: dict[str, JSON] = {key: words[-1] for key in _TEXTS if (words := flags.get(key))}
    if words := flags.get("no-new-privileges"):
        settings["no-new-privileges"] = go_bool(words[-1]) is True
    objects: dict[str, JSON] = {
        "log-opts": dict(word.partition("=")[::2] for word in flags.get("log-opt", ())),
        "default-ulimits": dict(_list_ulimits(flags.get(FLAG_OF_KEY["default-ulimits"], ()))),
        "default-network-opts": _read_network_options(flags.get("default-network-opt", ())),
    }
    return settings | {key: value for key, value in objects.items() if value}


def _list_ulimits(words: Sequence[str]) -> Iterator[tuple[str, JSON]]:
    """name=soft[:hard], as docker/go-units ParseUlimit reads it; dockerd does not start with any other."""
    for word in words:
        name, _, limits = word.partition("=")
        soft, _, hard = limits.partition(":")
        if all(_NUMBER.fullmatch(limit) for limit in (soft, hard or soft)):
            yield name, {"Name": name, "Soft": int(soft), "Hard": int(hard or soft)}


def _read_network_options(words: Sequence[str]) -> dict[str, JSON]:
    """driver=option=value (moby opts/opts.go, MapMapOpts)."""
    drivers: defaultdict[str, dict[str, JSON]] = defaultdict(dict)
    for word in words:
        driver, _, option = word.partition("=")
        name, _, value = option.partition("=")
        drivers[driver][name] = value
    return dict(drivers)
