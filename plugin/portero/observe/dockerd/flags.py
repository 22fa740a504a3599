"""dockerd's command line: its words in, flags out, and what daemon.json would hold in place of its defaults."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from portero.decide.values.go_values import parse_go_bool
from portero.decide.values.json_fields import JSON

# Flags whose name differs from the key in daemon.json (moby cmd/dockerd/config.go).
FLAG_OF_KEY: Mapping[str, str] = {
    "authorization-plugins": "authorization-plugin",
    "cdi-spec-dirs": "cdi-spec-dir",
    "default-address-pools": "default-address-pool",
    "default-ulimits": "default-ulimit",
    "hosts": "host",
    "insecure-registries": "insecure-registry",
    "log-opts": "log-opt",
}
_SHORT = {"G": "group", "H": "host", "g": "data-root"}
# Keys of daemon.json that are one text.
_TEXTS = (
    *("log-driver", "default-runtime", "default-cgroupns-mode", "default-ipc-mode"),
    *("default-shm-size", "userns-remap", "seccomp-profile"),
)
_NUMBER = re.compile(r"-?[0-9]{1,19}")


def read_flag_settings(flags: Mapping[str, Sequence[str]]) -> dict[str, JSON]:
    """The settings in the form of daemon.json.

    dockerd does not start, nor reload, with a directive in both (moby daemon/config/config.go): a flag always counts.
    """
    settings: dict[str, JSON] = {key: words[-1] for key in _TEXTS if (words := flags.get(key))}
    if words := flags.get("no-new-privileges"):
        settings["no-new-privileges"] = parse_go_bool(words[-1]) is True
    objects: dict[str, JSON] = {
        "log-opts": dict(word.partition("=")[::2] for word in flags.get(FLAG_OF_KEY["log-opts"], ())),
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


def parse_flags(arguments: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The flags of a command line, each with all its values; a switch without a value is true (spf13/pflag)."""
    flags: dict[str, tuple[str, ...]] = {}
    for word, following in zip(arguments, (*arguments[1:], "--"), strict=False):
        if not word.startswith("-"):
            continue
        name, value = _split(word)
        if value is None:
            # dockerd takes no operands: what is no flag is the value of the one before.
            value = "true" if following.startswith("-") else following
        flags[name] = (*flags.get(name, ()), value)
    return flags


def _split(word: str) -> tuple[str, str | None]:
    if word.startswith("--"):
        name, equals, value = word[2:].partition("=")
        return name, value if equals else None
    # -D is the only short switch that means anything; another may follow it in the same word.
    letters = word[2:] if word.startswith("-D") and len(word) > 2 else word[1:]
    return _SHORT.get(letters[:1], letters[:1]), letters[1:].removeprefix("=") or None
