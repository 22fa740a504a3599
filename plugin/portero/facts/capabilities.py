"""Linux capabilities in one spelling: what a container or a service adds and drops."""

from portero.values.json_fields import texts
from portero.values.json_types import JSON, Fact

_SPEC = "TaskTemplate.ContainerSpec"


def read_create(config: Fact) -> Fact:
    """From a HostConfig."""
    return {
        "add": _named(texts(config, "CapAdd"), "HostConfig.CapAdd"),
        "drop": _named(texts(config, "CapDrop"), "HostConfig.CapDrop"),
    }


def read_service(spec: Fact) -> Fact:
    """From a ContainerSpec."""
    return {
        "add": _named(texts(spec, "CapabilityAdd"), f"{_SPEC}.CapabilityAdd"),
        "drop": _named(texts(spec, "CapabilityDrop"), f"{_SPEC}.CapabilityDrop"),
    }


def canonical(name: str) -> str:
    """Upper case and without CAP_ (moby oci/caps/utils.go, NormalizeLegacyCapabilities)."""
    return _go_upper(name).removeprefix("CAP_")


def _go_upper(name: str) -> str:
    if name.isascii():
        return name.upper()
    # strings.ToUpper maps rune by rune and leaves alone what has no single capital (ß); str.upper() would write SS.
    return "".join(upper if len(upper := rune.upper()) == 1 else rune for rune in name)


def _named(names: list[str], at: str) -> list[JSON]:
    return [{"name": canonical(name), "at": f"{at}[{index}]"} for index, name in enumerate(names)]
