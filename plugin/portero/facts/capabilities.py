"""Linux capabilities in one spelling: what a container or a service adds and drops."""

from portero.values.json_fields import texts
from portero.values.json_types import JSON, Fact

_SPEC = "TaskTemplate.ContainerSpec"


def read_create(config: Fact) -> Fact:
    """From a HostConfig."""
    return {"add": _list_named(config, "CapAdd", "HostConfig"), "drop": _list_named(config, "CapDrop", "HostConfig")}


def read_service(spec: Fact) -> Fact:
    """From a ContainerSpec."""
    return {"add": _list_named(spec, "CapabilityAdd", _SPEC), "drop": _list_named(spec, "CapabilityDrop", _SPEC)}


def canonical(name: str) -> str:
    """Upper case and without CAP_ (moby oci/caps/utils.go, NormalizeLegacyCapabilities)."""
    # strings.ToUpper maps rune by rune and leaves alone what has no single capital (ß); str.upper() would write SS.
    return "".join(upper if len(upper := rune.upper()) == 1 else rune for rune in name).removeprefix("CAP_")


def _list_named(holder: Fact, field: str, above: str) -> list[JSON]:
    names = texts(holder, field)
    return [{"name": canonical(name), "at": f"{above}.{field}[{index}]"} for index, name in enumerate(names)]
