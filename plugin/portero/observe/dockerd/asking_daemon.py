"""The dockerd that asks, and where its things are: what /proc shows of it and its daemon.json in, AskingDaemon out.

Defaults are those of moby: daemon/config/config_linux.go, cmd/dockerd/config_unix.go, pkg/homedir/homedir_linux.go.
"""

import csv
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from portero.decide.interfaces.daemon import DockerdIdentity
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON, to_list, to_object, to_text, to_texts
from portero.decide.values.path import clean
from portero.observe.dockerd.dockerd_process import RunningDockerd
from portero.observe.dockerd.flags import FLAG_OF_KEY, parse_flags, read_flag_settings

# dockerd's default for --config-file (moby cmd/dockerd/options.go).
DAEMON_CONFIG = "/etc/docker/daemon.json"
DATA_ROOT = "/var/lib/docker"
# Of the data root, unless DOCKER_TMPDIR is set (moby daemon/daemon.go, prepareTempDir).
_TEMPORARY = "tmp"
_EXEC_ROOT = "/var/run/docker"
_SOCKET = "/var/run/docker.sock"
# dockerd uses it when it is there (moby cmd/dockerd/daemon_unix.go, initContainerd).
_CONTAINERD = "/run/containerd/containerd.sock"
# A database that dockerd keeps open in its data root (moby volume/service/db.go): it stays where the daemon was
# started, whatever daemon.json says since.
_DATABASE = re.compile(r"(?P<folder>/.*)/volumes/metadata\.db")
# With userns-remap the data lies one folder deeper, named after the remapped root (moby daemon/daemon_unix.go).
_REMAPPED = re.compile(r"(?P<root>/.*)/(?P<uid>[0-9]+)\.[0-9]+")
_UNIX = "unix://"
# The program of docker --init, that of published ports, who may come by TLS, and what system calls containers have.
_FILES = ("init-path", "userland-proxy-path", "tlscacert", "seccomp-profile")
# Where nothing is set a rootless dockerd of 29.2 and later has one in its XDG_CONFIG_HOME, too.
_FOLDERS = "cdi-spec-dirs"
# Plugins of 29.2 and later that dockerd starts, and what they read (moby daemon/internal/nri/nri.go).
_NRI, _NRI_FOLDERS = "nri-opts", ("plugin-path", "plugin-config-path")
# Flags of one value in place of what daemon.json has in a list or an object.
_RUNTIME_FLAG, _FOLDER_FLAG = "add-runtime", FLAG_OF_KEY[_FOLDERS]


@dataclass(frozen=True, slots=True)
class AskingDaemon:
    """A dockerd that asks Portero. Paths are cleaned, and as the daemon itself names them.

    `root`: the folder below which this process finds those paths, "/" when both see the same files.
    `root_uids`: users of the host that are root, or root of containers, to this daemon: 0 or a rootless account, and a
    remapped root. `data_roots`: with and without the folder of a remapped root. `user_folder`: the home of a rootless
    daemon's account, else "". `hosts`: the Unix sockets that it was configured to listen on. `containerd`: the address
    in its configuration, or where it looks for one. `flags`: the defaults of its command line, as in daemon.json.
    `files`: configuration, runtime files and sockets of it and of its containerd. `data`: the data of both. No
    container may mount them, or what lies above or below. `programs`: what it runs or believes by its settings, which
    no container may write. `unseen`: what could not be read; the usual paths then count. `temporary`: where it unpacks
    archives. `invocation`: systemd's ID of this start of its unit, else "".
    """

    pid: int
    started: int  # clock ticks since boot
    uid: int
    rootless: bool
    root: str
    root_uids: frozenset[int]
    config_file: str
    data_roots: tuple[str, ...]
    exec_root: str
    user_folder: str
    hosts: tuple[str, ...]
    containerd: str
    flags: Mapping[str, JSON]
    files: tuple[str, ...]
    data: tuple[str, ...]
    programs: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    temporary: str = f"{DATA_ROOT}/{_TEMPORARY}"
    invocation: str = ""

    @property
    def identity(self) -> DockerdIdentity:
        """Tells it from every other process, also a later one."""
        return DockerdIdentity(self.pid, self.started)

    @property
    def mountinfo(self) -> str:
        return f"/proc/{self.pid}/mountinfo"

    @property
    def net(self) -> str:
        return f"/proc/{self.pid}/net"


def find_config_file(running: RunningDockerd) -> str:
    """The path of its daemon.json, as the daemon names it."""
    flag = parse_flags(running.arguments).get("config-file")
    if flag:
        return _make_absolute(running, flag[-1])
    return f"{_find_config_home(running)}/docker/daemon.json" if _is_rootless(running) else DAEMON_CONFIG


def locate_daemon(running: RunningDockerd, settings: Mapping[str, JSON]) -> AskingDaemon:
    """Where the things of a dockerd are; `settings`: the content of its daemon.json."""
    flags = parse_flags(running.arguments)
    configured = _Configured(running, flags, settings)
    environment, rootless = running.environment, _is_rootless(running)
    runtime = clean(environment.get("XDG_RUNTIME_DIR", "/run")) if rootless else "/run"
    data_home = environment.get("XDG_DATA_HOME") or f"{_find_home(running)}/.local/share"
    data_root = configured.path("data-root", f"{data_home}/docker" if rootless else DATA_ROOT)
    exec_root = configured.path("exec-root", f"{runtime}/docker" if rootless else _EXEC_ROOT)
    data_roots, remapped = _find_data_roots(data_root, running.open_files)
    own_containerd = f"{exec_root}/containerd/containerd.sock"
    config_file = find_config_file(running)
    files = (exec_root, config_file, *(_list_user_folders(running, runtime) if rootless else ()))
    data = (*data_roots, f"{_find_home(running)}/.local/share/docker") if rootless else data_roots
    return AskingDaemon(
        pid=running.identity.pid,
        started=running.identity.started,
        uid=running.uid,
        rootless=rootless,
        root=running.root,
        root_uids=frozenset((running.root_uid, *remapped)),
        config_file=config_file,
        data_roots=data_roots,
        exec_root=exec_root,
        user_folder=_find_home(running) if rootless else "",
        hosts=tuple(configured.hosts(f"{runtime}/docker.sock" if rootless else _SOCKET)),
        containerd=configured.path("containerd", own_containerd if rootless else _CONTAINERD),
        flags=MappingProxyType(read_flag_settings(flags)),
        files=tuple(dict.fromkeys(files)),
        data=tuple(dict.fromkeys(data)),
        programs=(*list_programs(settings, flags), *([f"{_find_config_home(running)}/cdi"] if rootless else ())),
        temporary=_make_absolute(running, environment.get("DOCKER_TMPDIR") or f"{data_roots[-1]}/{_TEMPORARY}"),
        invocation=environment.get("INVOCATION_ID", ""),
    )


@dataclass(frozen=True, slots=True)
class _Configured:
    """dockerd does not start when a directive is both a flag and in the file."""

    running: RunningDockerd
    flags: Mapping[str, tuple[str, ...]]
    settings: Mapping[str, JSON]

    def path(self, key: str, default: str) -> str:
        words = self.flags.get(key)
        value = words[-1] if words else to_text(self.settings.get(key))
        return _make_absolute(self.running, value or default)

    def hosts(self, default: str) -> Iterator[str]:
        named = to_list(self.settings.get("hosts"))
        words: Sequence[JSON] = self.flags.get(FLAG_OF_KEY["hosts"]) or named or [f"{_UNIX}{default}"]
        for word in words:
            if isinstance(word, str) and word.startswith(_UNIX):
                yield _make_absolute(self.running, word.removeprefix(_UNIX) or default)


def _find_data_roots(configured: str, open_files: Sequence[str]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The data roots, and the users that are a remapped root there."""
    folders = [match["folder"] for match in map(_DATABASE.fullmatch, open_files) if match]
    remapped = [match for match in map(_REMAPPED.fullmatch, folders) if match]
    roots = (configured, *(match["root"] for match in remapped), *folders)
    return tuple(dict.fromkeys(roots)), tuple(int(match["uid"]) for match in remapped)


def _list_user_folders(running: RunningDockerd, runtime: str) -> tuple[str, ...]:
    """What decides what a rootless daemon, and its account's service manager, run."""
    config, local = _find_config_home(running), f"{_find_home(running)}/.local"
    return (runtime, f"{config}/docker", f"{config}/systemd", f"{local}/lib/docker")


def _is_rootless(running: RunningDockerd) -> bool:
    """As dockerd finds out (moby pkg/rootless/rootless.go); the flag can only say the same."""
    return running.environment.get("ROOTLESSKIT_STATE_DIR", "") != ""


def _find_home(running: RunningDockerd) -> str:
    return clean(running.environment.get("HOME") or "/root")


def _find_config_home(running: RunningDockerd) -> str:
    return clean(running.environment.get("XDG_CONFIG_HOME") or f"{_find_home(running)}/.config")


def _make_absolute(running: RunningDockerd, path: str) -> str:
    return clean(os.path.join(running.folder, path))


def list_programs(settings: Mapping[str, JSON], flags: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """What dockerd runs as root or believes by its settings: absolute paths of daemon.json and of flags.

    Who may write there is root on the host, or weakens what keeps containers in. dockerd looks up other names in the
    PATH of root, which no container may mount.
    """
    named = (*_list_set(settings), *_list_flags(flags))
    return tuple(dict.fromkeys(clean(path) for path in named if path.startswith("/")))


def _list_set(settings: Mapping[str, JSON]) -> Iterator[str]:
    for runtime in map(to_object, to_object(settings.get("runtimes")).values()):
        # A type can be the path of a shim.
        yield from to_texts([runtime.get("path"), runtime.get("runtimeType")])
    yield from to_texts([settings.get(key) for key in _FILES])
    yield from to_texts(settings.get(_FOLDERS))
    yield from to_texts([to_object(settings.get(_NRI)).get(key) for key in _NRI_FOLDERS])


def _list_flags(flags: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield from (word.partition("=")[2] for word in flags.get(_RUNTIME_FLAG, ()))
    yield from (word for flag in (*_FILES, _FOLDER_FLAG) for word in flags.get(flag, ()))
    # One value of several pairs, as a line of a table (moby opts/nri_opts.go).
    pairs = (pair.partition("=") for word in flags.get(_NRI, ()) for row in csv.reader([word]) for pair in row)
    yield from (path for key, _, path in pairs if key in _NRI_FOLDERS)
