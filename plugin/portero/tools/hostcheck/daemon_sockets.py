"""Where dockerd listens, and who may connect: owner, mode and users of each Unix socket, TCP addresses and their TLS.

Users and groups are the local ones; those of a directory service are not in /etc/passwd and /etc/group.
"""

from collections.abc import Mapping, Set
from datetime import UTC, datetime
from typing import cast

from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON, Fact
from portero.observe.dockerd.asking_daemon import AskingDaemon
from portero.observe.files import units
from portero.observe.files.chroot import Files
from portero.tools.hostcheck.daemon_settings import Configuration, read_running_configuration
from portero.tools.hostcheck.door_units import ACCOUNT
from portero.tools.hostcheck.fact import UNKNOWN, make_fact, make_unknown, observe

DOCKERD = "dockerd"
_GROUPS, _USERS = "/etc/group", "/etc/passwd"


@dataclass(frozen=True, slots=True)
class Accounts:
    """Users and groups. The account of a rootless `daemon`, and groups that only it is in, are called DOCKERD."""

    files: Files
    daemon: AskingDaemon | None = None

    def read_owner(self, path: str) -> Fact:
        return observe(f"owner of {path}", lambda: self._name_user(self.files.stat(path).st_uid))

    def read_group(self, path: str) -> Fact:
        return observe(f"group of {path}", lambda: self._name_group(self.files.stat(path).st_gid))

    def read_mode(self, path: str) -> Fact:
        """The permissions of a file, in octal."""
        return observe(f"mode of {path}", lambda: f"{self.files.stat(path).st_mode & 0o7777:04o}")

    def read_members(self, groups: Set[str]) -> Fact:
        """The users in these groups, as a member or by primary group; none where there is no such group."""
        return observe(f"{_GROUPS} {', '.join(sorted(groups))}", lambda: [*sorted(self._list_members(groups))])

    def _list_members(self, groups: Set[str]) -> set[str]:
        rows = [row for row in self._read_rows(_GROUPS) if row[0] in groups]
        named = {name for row in rows for name in row[3].split(",") if name}
        numbers = {row[2] for row in rows}
        return named | {user[0] for user in self._read_rows(_USERS) if user[3] in numbers}

    def _name_user(self, number: int) -> str:
        if number == 0:
            return "root"
        if self.daemon is not None and self.daemon.rootless and number == self.daemon.uid:
            return DOCKERD
        return next((row[0] for row in self._read_rows(_USERS) if row[2] == str(number)), str(number))

    def _name_group(self, number: int) -> str:
        if self.daemon is not None and self.daemon.rootless and self._is_rootless_group(self.daemon, number):
            return DOCKERD
        return next((row[0] for row in self._read_rows(_GROUPS) if row[2] == str(number)), str(number))

    def _is_rootless_group(self, daemon: AskingDaemon, number: int) -> bool:
        """Whether it is a group of the daemon's user namespace (user_namespaces(7)) without other members."""
        mapped = (map(int, line.split()) for line in self.files.read_text(f"/proc/{daemon.pid}/gid_map").splitlines())
        if not any(first <= number < first + count for _, first, count in mapped):
            return False
        named = {row[0] for row in self._read_rows(_GROUPS) if row[2] == str(number)}
        names = {row[0] for row in self._read_rows(_USERS) if row[2] == str(daemon.uid)}
        return self._list_members(named) <= names

    def _read_rows(self, path: str) -> list[list[str]]:
        """The rows that have at least the four columns that are read here (passwd(5), group(5))."""
        rows = (line.split(":") for line in self.files.read_text(path).splitlines())
        return [row for row in rows if len(row) >= 4]


_UNIT = "docker.socket"
_UNIX = "unix://"
# A client of containerd needs no dockerd, and no plugin sees its requests.
_BESIDE_DOCKER = ("/run/containerd/containerd.sock",)
_DEFAULT_SOCKET = "/run/docker.sock"
_DEFAULT_CERTIFICATES = "/root/.docker"
MISSING = "missing"


def collect_facts(files: Files, configuration: Configuration) -> dict[str, JSON]:
    """The part `access` of the host document."""
    accounts = Accounts(files, configuration.daemon)
    hosts = configuration.read_texts("hosts")
    sockets = _describe_sockets(files, accounts, configuration)
    return {
        "sockets": sockets,
        "tcp": observe(f"{hosts['at']}, {_UNIT} ListenStream", lambda: [*_list_tcp(files, hosts)]),
        "tls": _describe_tls(files, configuration),
        "members": _find_members(accounts, configuration, sockets),
        "daemonJson": _describe_file(files, accounts, configuration.file),
    }


def list_unix_sockets(files: Files, configuration: Configuration) -> list[str]:
    """The paths at which dockerd may listen; the default one when no other is known."""
    if configuration.daemon is not None and configuration.daemon.rootless:
        return [*configuration.daemon.hosts]
    hosts = configuration.read_texts("hosts")
    named = [] if hosts["value"] == UNKNOWN else [str(host) for host in cast(list[JSON], hosts["value"])]
    paths = [host.removeprefix(_UNIX) for host in named if host.startswith(_UNIX + "/")]
    if len(paths) < len(named) or not named:
        # Handed over by systemd (fd://), or not configured.
        paths += [stream for stream in _list_streams(files) if stream.startswith("/")] or [_DEFAULT_SOCKET]
    return [*dict.fromkeys(files.resolve_path(path) for path in paths)]


def find_address(files: Files, configuration: Configuration) -> str | None:
    """Where this process reaches the first of dockerd's Unix sockets; None: it has none, or that could not be read."""
    try:
        sockets = list_unix_sockets(files, configuration)
    except OSError:
        return None
    return files.outside(sockets[0]) if sockets else None


def _list_streams(files: Files) -> list[str]:
    return units.read_setting(files, _UNIT, "ListenStream")


def _describe_sockets(files: Files, accounts: Accounts, configuration: Configuration) -> Fact:
    try:
        named = list_unix_sockets(files, configuration)
        daemon = configuration.daemon
        others = _BESIDE_DOCKER if daemon is None else dict.fromkeys((*_BESIDE_DOCKER, daemon.containerd))
        paths = [path for path in (*named, *others) if files.exists(path)]
    except OSError:
        return make_unknown(_DEFAULT_SOCKET)
    if configuration.daemon is not None and not paths:
        # It listens somewhere, or no client could connect to it.
        return make_unknown(", ".join(named) or _DEFAULT_SOCKET)
    sockets: dict[str, JSON] = {
        path: {"owner": accounts.read_owner(path), "group": accounts.read_group(path), "mode": accounts.read_mode(path)}
        for path in paths
    }
    return make_fact(sockets, ", ".join(paths) or _DEFAULT_SOCKET)


def _list_tcp(files: Files, hosts: Fact) -> list[str]:
    """The hosts of dockerd with tcp://, and the addresses that systemd hands over."""
    if hosts["value"] == UNKNOWN:
        raise ValueError("dockerd's hosts are not known")
    named = [str(host) for host in cast(list[JSON], hosts["value"])]
    handed = [f"tcp://{stream}" for stream in _list_streams(files) if not stream.startswith(("/", "@"))]
    return [*(host for host in named if host.startswith("tcp://")), *(handed if "fd://" in named else [])]


def _describe_tls(files: Files, configuration: Configuration) -> dict[str, JSON]:
    environment = configuration.environment
    folder = (environment or {}).get("DOCKER_CERT_PATH") or _DEFAULT_CERTIFICATES
    authority = configuration.read_text("tlscacert", f"{folder}/ca.pem")
    certificate = configuration.read_text("tlscert", f"{folder}/cert.pem")
    return {
        "verify": _is_verified(configuration, environment),
        "ca": _find_credential(files, authority),
        "certificate": _find_credential(files, certificate),
        "key": _find_credential(files, configuration.read_text("tlskey", f"{folder}/key.pem")),
        "daysLeft": _count_days_left(files, authority, certificate),
    }


def _count_days_left(files: Files, *paths: Fact) -> Fact:
    """How many whole days the certificate that ends first is still valid."""
    named = ", ".join(str(path["value"]) for path in paths)
    if UNKNOWN in [path["value"] for path in paths]:
        return make_unknown(named)
    # Slow to load, and needed by this command alone.
    from portero.decide.identity.certificates import read_end

    now = datetime.now(UTC)
    return observe(
        named, lambda: min((read_end(files.read_text(str(one["value"])).encode()) - now).days for one in paths)
    )


def _is_verified(configuration: Configuration, environment: Mapping[str, str] | None) -> Fact:
    """DOCKER_TLS_VERIFY with any value is the flag's default (moby cmd/dockerd/options.go)."""
    verify = configuration.read_switch("tlsverify", default=False)
    if verify["value"] is not False:
        return verify
    if environment is None:
        return make_unknown("dockerd's environment DOCKER_TLS_VERIFY")
    return make_fact(bool(environment.get("DOCKER_TLS_VERIFY")), str(verify["at"]))


def _find_credential(files: Files, path: Fact) -> Fact:
    if path["value"] == UNKNOWN:
        return path
    named = str(path["value"])
    return observe(str(path["at"]), lambda: named if files.exists(named) else MISSING)


def _find_members(accounts: Accounts, configuration: Configuration, sockets: Fact) -> Fact:
    """The members of the groups that reach Docker: the usual one, the configured one, those of the sockets.

    Group root is left out: root reaches everything; so is the door's: doors-only looks at it.
    """
    if sockets["value"] == UNKNOWN:
        return make_unknown(str(sockets["at"]))
    groups = [socket["group"] for socket in cast(dict[str, dict[str, Fact]], sockets["value"]).values()]
    for group in groups:
        if group["value"] == UNKNOWN:
            return make_unknown(str(group["at"]))
    named = {str(group["value"]) for group in (configuration.read_text("group", "docker"), *groups)}
    return accounts.read_members(frozenset({"docker", *named}) - {UNKNOWN, "root", ACCOUNT})


def _describe_file(files: Files, accounts: Accounts, path: str) -> dict[str, JSON]:
    """Owner and mode of daemon.json; where it is missing, only root can make it."""
    # One that cannot be seen is unknown.
    if observe(path, lambda: files.exists(path))["value"] is False:
        return {"at": path, "owner": make_fact("root", path), "mode": make_fact("0600", path)}
    return {"at": path, "owner": accounts.read_owner(path), "mode": accounts.read_mode(path)}


def list_docker_users(root: str, daemon_config: str) -> JSON:
    """The users who reach Docker's socket without being root; a sentence where that cannot be read.

    `root`: where the host's files are visible, or none. `daemon_config`: the path of daemon.json.
    """
    if root == "none":
        return "unknown: the host cannot be read"
    files = Files(root)
    try:
        members = cast(Fact, collect_facts(files, read_running_configuration(files, daemon_config))["members"])["value"]
    except OSError:
        members = UNKNOWN
    return "unknown: the groups or sockets cannot be read" if members == UNKNOWN else members
