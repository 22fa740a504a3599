"""How a compose file says what a flag of `docker run` says (compose-spec, 05-services.md), on one line of YAML."""

import csv
import json
import re
from collections.abc import Callable, Iterable, Mapping

from portero.flags import parse_values
from portero.values.json_types import JSON

# What YAML reads as the text that it looks like, also before 1.2.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*|[0-9]+(\.[0-9]+)?[bkmgt]?")
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})

KEYS: Mapping[str, str] = {
    "--add-host": "extra_hosts",
    "--annotation": "annotations",
    "--cap-add": "cap_add",
    "--cap-drop": "cap_drop",
    "--cgroup-parent": "cgroup_parent",
    "--cgroupns": "cgroup",
    "--cpu-period": "cpu_period",
    "--cpu-quota": "cpu_quota",
    "--cpu-rt-period": "cpu_rt_period",
    "--cpu-rt-runtime": "cpu_rt_runtime",
    "--cpu-shares": "cpu_shares",
    "--cpus": "cpus",
    "--device": "devices",
    "--device-cgroup-rule": "device_cgroup_rules",
    "--gpus": "deploy.resources.reservations.devices",
    "--group-add": "group_add",
    "--init": "init",
    "--ipc": "ipc",
    "--log-driver": "logging",
    "--log-opt": "logging.options",
    "--memory": "mem_limit",
    "--memory-reservation": "mem_reservation",
    "--memory-swap": "memswap_limit",
    "--memory-swappiness": "mem_swappiness",
    "--mount": "volumes",
    "--network": "networks",
    "--no-healthcheck": "healthcheck",
    "--oom-kill-disable": "oom_kill_disable",
    "--oom-score-adj": "oom_score_adj",
    "--opt": "driver_opts",
    "--pid": "pid",
    "--pids-limit": "pids_limit",
    "--privileged": "privileged",
    "--publish": "ports",
    "--read-only": "read_only",
    "--restart": "restart",
    "--runtime": "runtime",
    "--security-opt": "security_opt",
    "--security-opt systempaths=unconfined": "systempaths=unconfined",
    "--shm-size": "shm_size",
    "--stop-timeout": "stop_grace_period",
    "--sysctl": "sysctls",
    "--tmpfs": "tmpfs",
    "--ulimit": "ulimits",
    "--user": "user",
    "--userns": "userns_mode",
    "--uts": "uts",
    "--volume": "volumes",
    "--volumes-from": "volumes_from",
    "--workdir": "working_dir",
}


# A flag that is dropped may have stood under another key than the one that replaces it. Compose takes a limit under
# either key, and no file with two values.
_DROPPED: Mapping[str, str] = {
    "--cpus": "cpus or deploy.resources.limits.cpus",
    "--memory": "mem_limit or deploy.resources.limits.memory",
    "--network": "network_mode",
    "--pids-limit": "pids_limit or deploy.resources.limits.pids",
}


def without(flag: str) -> str:
    """The key that says what a flag says which is to be dropped; LookupError when compose has none."""
    return _DROPPED.get(flag) or KEYS[flag]


def spell_keys(flags: Iterable[tuple[str, str]]) -> str:
    """The keys that say what these flags and values say, as one YAML mapping; empty without any.

    LookupError when compose has no key for one of them.
    """
    keys: dict[str, JSON] = {}
    for flag, value in flags:
        key = KEYS[flag]
        keys[key] = _together(keys.get(key), _VALUES.get(flag, _scalar)(value))
    return _yaml(keys) if keys else ""


def known(networks: Iterable[str]) -> str:
    """What makes networks that exist already known to the file."""
    return _yaml({"networks": {network: {"external": True} for network in networks}})


def _scalar(text: str) -> JSON:
    return text or True


def _list(text: str) -> JSON:
    return [text]


def _pair(text: str) -> JSON:
    name, _, value = text.partition("=")
    return {name: value}


def _ulimit(text: str) -> JSON:
    limit = parse_values.ulimit(text)
    return {str(limit["Name"]): {"soft": limit["Soft"], "hard": limit["Hard"]}}


def _logging(text: str) -> JSON:
    return {"driver": text}


def _mount(text: str) -> JSON:
    """type=bind,source=/a,target=/b,readonly, of which a value with a comma is quoted."""
    words = next(csv.reader([text]))
    named = {name: value or True for name, _, value in (word.partition("=") for word in words)}
    propagation = named.pop("bind-propagation", None)
    limit, mode = named.pop("tmpfs-size", None), named.pop("tmpfs-mode", None)
    tmpfs: dict[str, JSON] = ({"size": limit} if limit else {}) | ({"mode": int(str(mode), 8)} if mode else {})
    keys: dict[str, JSON] = {("read_only" if name == "readonly" else name): value for name, value in named.items()}
    keys |= {"bind": {"propagation": propagation}} if propagation else {}
    return [keys | ({"tmpfs": tmpfs} if tmpfs else {})]


_VALUES: Mapping[str, Callable[[str], JSON]] = {
    "--cap-add": _list,
    "--cap-drop": _list,
    "--log-driver": _logging,
    "--mount": _mount,
    "--network": _list,
    "--opt": _pair,
    "--publish": _list,
    "--security-opt": _list,
    "--tmpfs": _list,
    "--ulimit": _ulimit,
    "--volume": _list,
}


def _together(first: JSON, second: JSON) -> JSON:
    if isinstance(first, list) and isinstance(second, list):
        return [*first, *second]
    if isinstance(first, dict) and isinstance(second, dict):
        return first | second
    return second


def _yaml(value: JSON) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {_yaml(inner)}' for name, inner in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml, value))}]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)
