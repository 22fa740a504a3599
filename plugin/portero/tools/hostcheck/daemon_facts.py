"""Facts of dockerd: what it reports (GET /info and others) and, where there is no answer, how it is configured.

The report is what is in force; the configuration may have been edited since. The plugins are the exception: GET /info
shows those of the daemon's start, though a reload changes them.
"""

import re
from ipaddress import ip_network
from typing import cast

from portero.decide.facts.log_driver import parse_options
from portero.decide.policy.site import encode_version
from portero.decide.values.ip_ranges import Network, contains
from portero.decide.values.json_fields import JSON, Fact, to_object, to_text, to_texts
from portero.observe.dockerd.api import EngineApi
from portero.observe.dockerd.asking_daemon import DATA_ROOT
from portero.observe.dockerd.daemon_defaults import SUBUID, remaps_root
from portero.observe.dockerd.visible_dockerd import VisibleDockerd
from portero.observe.files.chroot import Files
from portero.observe.files.symlinks import HostWalk
from portero.observe.host.network import list_routed, read_used_servers
from portero.tools.hostcheck.daemon_info import Info
from portero.tools.hostcheck.daemon_settings import Configuration
from portero.tools.hostcheck.fact import UNKNOWN, make_fact, make_unknown, observe, prefer

# moby libnetwork/ipamutils/utils.go
_DEFAULT = ("172.16.0.0/12", "192.168.0.0/16")
_KEY = "default-address-pools"


def find_servers_in_pools(files: Files, configuration: Configuration) -> Fact:
    """Those without a route of their own; dockerd avoids ranges that have one."""
    pools = configuration.read_texts(_KEY)

    def read() -> JSON:
        ranges, daemon = _read_ranges(pools["value"]), configuration.daemon
        proc = files.outside("/proc")
        routed = list_routed(f"{proc}/{daemon.pid if daemon else 'self'}/net")
        servers = read_used_servers(HostWalk(files.outside("/")), daemon, proc)
        waiting = [one for one in servers if not any(contains(route, one) for route in routed)]
        return [str(one) for one in sorted(waiting, key=str) if any(contains(pool, one) for pool in ranges)]

    return observe(str(pools["at"]), read)


def _read_ranges(pools: JSON) -> list[Network]:
    """Of the file, or of flags such as base=10.0.0.0/8,size=24. ValueError: not known."""
    if pools == UNKNOWN or not isinstance(pools, list):
        raise ValueError("cannot be read")
    flags = [
        word.removeprefix("base=") for value in to_texts(pools) for word in value.split(",") if word[:5] == "base="
    ]
    bases = [*flags, *(base for pool in pools if (base := to_text(to_object(pool).get("base"))))]
    return [ip_network(base, strict=False) for base in bases or _DEFAULT]


_PROGRAMS = ("/usr/bin/dockerd", "/usr/sbin/dockerd", "/usr/local/bin/dockerd", "/opt/bin/dockerd", "/snap/bin/dockerd")
_RUNNING = "/proc, GET /info"
_LIMITS = {"memory": "MemoryLimit", "swap": "SwapLimit", "cpu": "CpuCfsQuota", "pids": "PidsLimit"}
_BRIDGE = "GET /networks/bridge"


def collect_facts(
    files: Files,
    process: VisibleDockerd | None,
    configuration: Configuration,
    info: Info,
    api: EngineApi | None,
    *,
    processes_read: bool,
) -> dict[str, JSON]:
    """The part `daemon` of the host document. `processes_read`: whether `process` None means that no dockerd runs."""
    version, plugins = info.read_fact("ServerVersion", str), read_authorization_plugins(configuration, info)

    def reported(name: str, key: str) -> Fact:
        return prefer(info.read_fact(name, bool), configuration.read_switch(key, default=False))

    return {
        "installed": _find_installed(files, process, info, processes_read),
        "running": _find_running(process, info, processes_read),
        "version": version,
        "release": find_release(version),
        "authorizationPlugins": plugins,
        "firstPlugin": observe(str(plugins["at"]), lambda: _find_first(plugins["value"])),
        "noNewPrivileges": _find_no_new_privileges(configuration, info),
        "userNamespaces": {
            "at": f"{configuration.file} userns-remap",
            "remapped": _find_remap(files, configuration.read_text("userns-remap", ""), info),
            "rootless": prefer(info.read_option("rootless"), observe("user of dockerd", lambda: _is_rootless(process))),
        },
        "accessControl": {
            "at": "GET /info SecurityOptions",
            "apparmor": info.read_option("apparmor"),
            "selinux": info.read_option("selinux"),
        },
        "seccomp": prefer(info.read_seccomp(), configuration.read_text("seccomp-profile", "builtin")),
        "logDriver": prefer(info.read_fact("LoggingDriver", str), configuration.read_text("log-driver", "json-file")),
        "logOwners": _find_log_owners(configuration),
        "icc": prefer(observe(_BRIDGE, lambda: _find_icc(api)), configuration.read_switch("icc", default=True)),
        "iptables": configuration.read_switch("iptables", default=True),
        "userlandProxy": configuration.read_switch("userland-proxy", default=True),
        "liveRestore": reported("LiveRestoreEnabled", "live-restore"),
        "experimental": reported("ExperimentalBuild", "experimental"),
        "insecureRegistries": prefer(info.read_insecure_registries(), configuration.read_texts("insecure-registries")),
        "serversInPools": find_servers_in_pools(files, configuration),
        "cgroupVersion": info.read_fact("CgroupVersion", str),
        "enforcesLimits": {name: info.read_fact(reported_as, bool) for name, reported_as in _LIMITS.items()},
    }


def _find_log_owners(configuration: Configuration) -> Fact:
    """The default log options by which a container could say whose a line is."""
    options = configuration.read_mapping("log-opts")
    pairs = to_object(options["value"]).items() or [word.partition("=")[::2] for word in to_texts(options["value"])]
    owners = parse_options({name: to_text(value) for name, value in pairs}, "")["owners"]
    names = [one["name"] for one in cast("list[Fact]", owners)]
    return options if options["value"] == UNKNOWN else make_fact(names, str(options["at"]))


def find_release(version: Fact) -> Fact:
    return observe(str(version["at"]), lambda: parse_release(version["value"]))


def read_authorization_plugins(configuration: Configuration, info: Info) -> Fact:
    return prefer(configuration.read_texts("authorization-plugins"), _report_plugins(info))


def _find_first(plugins: JSON) -> str:
    if not isinstance(plugins, list):
        raise ValueError("the plugins are not known")
    return str(next(iter(plugins), ""))


def read_data_root(configuration: Configuration, info: Info) -> Fact:
    """Where dockerd keeps images, containers and volumes."""
    default = configuration.daemon.data_roots[0] if configuration.daemon is not None else DATA_ROOT
    return prefer(info.read_fact("DockerRootDir", str), configuration.read_text("data-root", default))


def _find_running(process: VisibleDockerd | None, info: Info, processes_read: bool) -> Fact:
    if process is not None or info.answer is not None:
        return make_fact(True, _RUNNING)
    return make_fact(False, _RUNNING) if processes_read else make_unknown(_RUNNING)


def _find_installed(files: Files, process: VisibleDockerd | None, info: Info, processes_read: bool) -> Fact:
    running = _find_running(process, info, processes_read)
    if running["value"] is True:
        return running
    programs = observe(", ".join(_PROGRAMS), lambda: any(files.exists(program) for program in _PROGRAMS))
    # A dockerd that runs from another folder would be among the processes.
    return running if programs["value"] is False and running["value"] == UNKNOWN else programs


def parse_release(version: JSON) -> int:
    """26.1.5+dfsg1 -> 26001005, as site.json's engine-minimum becomes a number; ValueError: it is no version."""
    match = re.match(r"v?([0-9]+\.[0-9]+(?:\.[0-9]+)?)", str(version))
    if match is None:
        raise ValueError(f"'{version}' is not a version")
    return encode_version(match[1])


def _report_plugins(info: Info) -> Fact:
    plugins = info.read_fact("Plugins", dict)
    if plugins["value"] == UNKNOWN:
        return plugins
    return make_fact(
        cast(dict[str, JSON], plugins["value"]).get("Authorization") or [], f"{plugins['at']}.Authorization"
    )


def _find_no_new_privileges(configuration: Configuration, info: Info) -> Fact:
    """Engines that report it do so only while it is on; older ones never report it."""
    reported = info.read_option("no-new-privileges")
    return reported if reported["value"] is True else configuration.read_switch("no-new-privileges", default=False)


def _find_icc(api: EngineApi | None) -> bool:
    """Of the default bridge: dockerd does not change it at a restart while containers run."""
    network = {} if api is None else api.get("/networks/bridge")
    words = {"true": True, "false": False}
    word = to_object(network.get("Options")).get("com.docker.network.bridge.enable_icc")
    if word not in words:
        raise ValueError(f"{_BRIDGE} does not report icc")
    return words[str(word)]


def _find_remap(files: Files, value: Fact, info: Info) -> Fact:
    """GET /info reports a remap also where its range begins at root, so what is configured counts as well."""
    reported = info.read_option("userns")
    if reported["value"] is False or value["value"] == UNKNOWN or (reported["value"] is True and value["value"] == ""):
        return reported
    return observe(str(value["at"]), lambda: remaps_root(str(value["value"]), files.read_text_or(SUBUID, "")))


def _is_rootless(process: VisibleDockerd | None) -> bool:
    if process is None or process.user is None:
        raise ValueError("no dockerd is visible")
    return process.user != 0
