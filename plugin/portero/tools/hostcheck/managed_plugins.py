"""Facts of the managed plugins of dockerd (GET /plugins).

dockerd looks for an authorization plugin among the managed plugins before it looks for a socket: an enabled one of
Portero's name answers in its place, and with a disabled one dockerd ends at its next reload (plugin/store.go).
"""

from collections.abc import Iterator, Mapping, Sequence

from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON, Fact, to_list, to_object, to_objects
from portero.observe.dockerd.api import EngineApi
from portero.observe.files.chroot import Files
from portero.tools.hostcheck.fact import make_unknown, observe
from portero.tools.hostcheck.plugin_client import SOCKETS, SPEC_FOLDERS

_AT = "GET /plugins"
_LATEST = ":latest"
_ENTRYPOINT = ("portero", "serve")


@dataclass(frozen=True, slots=True)
class ManagedPlugin:
    """A managed plugin; `name` is without the tag latest, `power` what it may do on the host."""

    name: str
    enabled: bool
    entrypoint: tuple[str, ...]
    power: tuple[str, ...]

    def describe(self) -> str:
        return f"{self.name} ({', '.join(('enabled' if self.enabled else 'disabled', *self.power))})"

    def hides(self, files: Files | None) -> bool:
        """Whether a plugin of Portero's name hides a Portero that listens on a socket, or is no Portero at all.

        `files`: of dockerd's host; None: not visible.
        """
        if files is None:
            return self.entrypoint != _ENTRYPOINT
        has_socket = files.exists(f"{SOCKETS}/{self.name}.sock") or any(
            files.exists(f"{folder}/{self.name}{ending}") for folder in SPEC_FOLDERS for ending in (".spec", ".json")
        )
        return has_socket or self.entrypoint != _ENTRYPOINT


def collect_facts(files: Files, api: EngineApi | None, authorization: Fact) -> dict[str, JSON]:
    """The part `daemon.managedPlugins` of the host document; `authorization`: the fact of the plugins dockerd asks."""
    try:
        plugins = None if api is None else [*list_plugins(api.get_list("/plugins"))]
    except (OSError, ValueError):
        plugins = None
    if plugins is None:
        return {"shadows": make_unknown(_AT), "others": make_unknown(_AT)}
    names = list_portero_names(to_list(authorization["value"]))
    return {
        "shadows": observe(_AT, lambda: [one.describe() for one in plugins if one.name in names and one.hides(files)]),
        "others": observe(_AT, lambda: [one.describe() for one in plugins if one.enabled and one.name not in names]),
    }


def list_portero_names(authorization: Sequence[JSON]) -> frozenset[str]:
    """Of the authorization plugins those that are Portero's; its usual name also before dockerd asks it."""
    names = [str(name).removesuffix(_LATEST) for name in authorization]
    return frozenset({"portero", *(name for name in names if name.startswith("portero"))})


def list_plugins(answer: Sequence[JSON]) -> Iterator[ManagedPlugin]:
    """The managed plugins in the answer to GET /plugins; raises ValueError."""
    for plugin in answer:
        if not isinstance(plugin, dict):
            raise ValueError(f"{_AT} has an entry that is no object")
        config = to_object(plugin.get("Config"))
        yield ManagedPlugin(
            str(plugin.get("Name", "")).removesuffix(_LATEST),
            plugin.get("Enabled") is True,
            tuple(map(str, to_list(config.get("Entrypoint")))),
            tuple(_list_power(config, to_object(plugin.get("Settings")))),
        )


def _list_power(config: Mapping[str, JSON], settings: Mapping[str, JSON]) -> Iterator[str]:
    """What docker plugin install asks consent for (moby plugin/backend_linux.go, computePrivileges)."""
    linux = to_object(config.get("Linux"))
    network = to_object(config.get("Network")).get("Type")
    if network not in (None, "", "none", "null", "bridge"):
        yield f"network {network}"
    if config.get("IpcHost") is True:
        yield "host IPC namespace"
    if config.get("PidHost") is True:
        yield "host PID namespace"
    yield from (f"mount {mount.get('Source')}" for mount in to_objects(settings.get("Mounts")) if mount.get("Source"))
    yield from (f"device {device.get('Path')}" for device in to_objects(settings.get("Devices")) if device.get("Path"))
    if linux.get("AllowAllDevices") is True:
        yield "all devices"
    yield from (str(capability) for capability in to_list(linux.get("Capabilities")))
