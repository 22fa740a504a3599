"""Facts of the kernel (access control, settings, lockdown, swap) and of the file system with Docker's data."""

import re

from portero.decide.values.json_fields import JSON, Fact
from portero.decide.values.path import clean
from portero.observe.dockerd.visible_dockerd import VisibleDockerd
from portero.observe.files.chroot import Files
from portero.observe.files.mount_table import MountTable
from portero.observe.files.mountinfo import parse_mounts
from portero.tools.hostcheck.fact import UNKNOWN, make_fact, make_unknown, observe

# A setting that this kernel does not have is not unknown: what it would forbid does not exist either.
ABSENT = "absent"

SETTINGS = (
    *("kernel.dmesg_restrict", "kernel.kexec_load_disabled", "kernel.kptr_restrict"),
    *("kernel.unprivileged_bpf_disabled", "kernel.yama.ptrace_scope", "net.bridge.bridge-nf-call-ip6tables"),
    *("net.bridge.bridge-nf-call-iptables", "net.ipv4.conf.all.forwarding", "net.ipv4.ip_forward"),
)
_MODULES = "/sys/kernel/security/lsm"
_LOCKDOWN = "/sys/kernel/security/lockdown"
_APPARMOR = "/sys/module/apparmor/parameters/enabled"
_PROFILES = "/sys/kernel/security/apparmor/profiles"
_SELINUX = "/sys/fs/selinux/enforce"
_SWAPS = "/proc/swaps"


def collect_facts(files: Files) -> dict[str, JSON]:
    """The part `kernel` of the host document."""
    return {
        "accessControl": {
            "at": _MODULES,
            "modules": observe(_MODULES, lambda: [*_list_modules(files)]),
            "apparmor": observe(_APPARMOR, lambda: _has_apparmor(files)),
            "apparmorProfiles": observe(_PROFILES, lambda: _list_profiles(files)),
            "selinux": observe(_SELINUX, lambda: _read_selinux(files)),
        },
        "lockdown": observe(_LOCKDOWN, lambda: _read_lockdown(files)),
        "settings": {name: _observe_setting(files, name) for name in SETTINGS},
        "swap": observe(_SWAPS, lambda: _list_swap(files)),
    }


def _list_modules(files: Files) -> list[str]:
    return files.read_text(_MODULES).strip().split(",")


def _has_apparmor(files: Files) -> bool:
    """Y or N (security/apparmor/lsm.c); the folder of a module that was left out of the kernel is not there."""
    if not files.exists("/sys/module"):
        raise FileNotFoundError("/sys is not mounted")
    return files.read_text_or(_APPARMOR, "N").strip() == "Y"


def _list_profiles(files: Files) -> JSON:
    """The profiles that are enforced; each line is `name (mode)`."""
    if not _has_apparmor(files):
        return []
    lines = (re.fullmatch(r"(.+) \(([a-z]+)\)", line) for line in files.read_text(_PROFILES).splitlines())
    return [match[1] for match in lines if match is not None and match[2] == "enforce"]


def _read_selinux(files: Files) -> str:
    """Its file system is there only while SELinux is in use (security/selinux/selinuxfs.c)."""
    if not files.exists("/sys/fs"):
        raise FileNotFoundError("/sys is not mounted")
    mode = files.read_text_or(_SELINUX, "off").strip()
    return {"0": "permissive", "1": "enforcing"}.get(mode, mode)


def _read_lockdown(files: Files) -> str:
    """`none [integrity] confidentiality`: the one in brackets is in force."""
    if "lockdown" not in _list_modules(files):
        return "none"
    match = re.search(r"\[(\w+)\]", files.read_text(_LOCKDOWN))
    if match is None:
        raise ValueError(f"{_LOCKDOWN}: no level is in brackets")
    return match[1]


def _observe_setting(files: Files, name: str) -> Fact:
    path = f"/proc/sys/{name.replace('.', '/')}"
    return observe(path, lambda: _read_number(files, path))


def _read_number(files: Files, path: str) -> int | str:
    if not files.exists("/proc/sys/kernel"):
        raise FileNotFoundError("/proc is not mounted")
    text = files.read_text_or(path, ABSENT).strip()
    return ABSENT if text == ABSENT else int(text)


def _list_swap(files: Files) -> JSON:
    """The devices and files that are swapped to: the first column after the heading."""
    return [line.split()[0] for line in files.read_text(_SWAPS).splitlines()[1:] if line.strip()]


def collect_storage_facts(files: Files, root: Fact, process: VisibleDockerd | None) -> dict[str, JSON]:
    """The part `storage` of the host document; `root` is the fact of dockerd's data root."""
    if root["value"] == UNKNOWN:
        return {
            "dataRoot": root,
            "ownFileSystem": make_unknown(str(root["at"])),
            "fileSystem": make_unknown(str(root["at"])),
        }
    named = str(root["value"])
    pid = str(process.pid) if process is not None else "self"
    at = f"/proc/{pid}/mountinfo {named}"
    return {
        "dataRoot": make_fact(root["value"], str(root["at"])),
        "ownFileSystem": observe(at, lambda: _is_file_system(read_mounts(files, pid), files.resolve_path(named))),
        "fileSystem": observe(at, lambda: read_mounts(files, pid).find_mount(files.resolve_path(named)).type),
    }


def _is_file_system(mounts: MountTable, path: str) -> bool:
    """Its device is not its parent's: dockerd may bind the folder to itself, which makes it a mount point only."""
    here, above = mounts.find_mount(path), mounts.find_mount(clean(f"{path}/.."))
    return here.point == path and here.device != above.device


def read_mounts(files: Files, pid: str) -> MountTable:
    return MountTable(parse_mounts(files.read_data(f"/proc/{pid}/mountinfo")))
