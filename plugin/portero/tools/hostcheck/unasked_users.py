"""Who but root reaches dockerd past its doors, or where it asks no plugin.

It asks none for gRPC over HTTP/2, from 29.2 on (docker-facts 5.8). The door itself is no such user: it makes POST /grpc
of it, and stamps who asks.
"""

from collections.abc import Iterator, Mapping
from typing import cast

from portero.decide.values.json_fields import JSON, Fact, to_texts
from portero.observe.dockerd.api import EngineApi
from portero.observe.dockerd.asking_daemon import DAEMON_CONFIG
from portero.observe.files.chroot import Files
from portero.tools.hostcheck import daemon_facts, daemon_settings, daemon_sockets
from portero.tools.hostcheck.daemon_settings import Configuration
from portero.tools.hostcheck.daemon_sockets import DOCKERD, Accounts
from portero.tools.hostcheck.door_units import ACCOUNT, DOCKERD_SOCKET
from portero.tools.hostcheck.fact import UNKNOWN, make_fact, make_unknown, observe

_FIRST_RELEASE = 29002000
_ROOT = ("root", DOCKERD)
# Where people connect when doors are before dockerd's own socket.
_DOOR_SOCKET = "/run/docker.sock"
_CANNOT_BE_READ = "its users (they cannot be read)"
_GROUP_WRITES, _OTHERS_WRITE = 0o020, 0o002


def find_unasked_users(files: Files, configuration: Configuration, access: Mapping[str, JSON]) -> Fact:
    """The users of its own Unix sockets, and its TCP addresses that take HTTP/2; `access`: its other facts."""
    sockets, tcp = cast(Fact, access["sockets"]), cast(Fact, access["tcp"])

    def read() -> JSON:
        users = _list_socket_users(files, configuration, sockets).values()
        return [*dict.fromkeys(name for names in users for name in names), *_list_addresses(configuration, tcp, access)]

    return observe(f"{sockets['at']}, {tcp['at']}", read)


def find_bypasses(files: Files, configuration: Configuration, access: Mapping[str, JSON]) -> Fact:
    """The users of each of its sockets, and its TCP addresses, where dockerd's own socket is that behind the doors."""
    sockets, tcp = cast(Fact, access["sockets"]), cast(Fact, access["tcp"])

    def read() -> JSON:
        if DOCKERD_SOCKET not in daemon_sockets.list_unix_sockets(files, configuration):
            return []
        users = _list_socket_users(files, configuration, sockets)
        return [*(f"{path}: {', '.join(names)}" for path, names in users.items() if names), *to_texts(_need_value(tcp))]

    return observe(f"{sockets['at']}, {tcp['at']}", read)


def find_accounts(files: Files, configuration: Configuration, access: Mapping[str, JSON]) -> Fact:
    """Who but root and the door reaches dockerd by a Unix socket, its own or that of the doors."""
    sockets = cast(Fact, access["sockets"])

    def read() -> JSON:
        users = _list_socket_users(files, configuration, sockets)
        if DOCKERD_SOCKET in users and files.exists(_DOOR_SOCKET):
            accounts = Accounts(files, configuration.daemon)
            read = (accounts.read_owner, accounts.read_group, accounts.read_mode)
            door = dict(zip(("owner", "group", "mode"), (each(_DOOR_SOCKET) for each in read), strict=True))
            users[_DOOR_SOCKET] = [*_list_users(accounts, door)]
        return [*dict.fromkeys(name for names in users.values() for name in names)]

    return observe(str(sockets["at"]), read)


def warn_of_shared_daemon(files: Files, daemon_config: str = DAEMON_CONFIG) -> Iterator[str]:
    """A sentence where accounts of the host use a dockerd for which root in a container is root of the host."""
    try:
        running = daemon_settings.find_dockerd(files)
    except OSError:
        return
    if running is None:
        return
    configuration = daemon_settings.read_configuration(files, running, daemon_config)
    users = find_accounts(files, configuration, daemon_sockets.collect_facts(files, configuration))["value"]
    daemon = configuration.daemon
    if users in ([], UNKNOWN) or daemon is None or daemon.root_uids != {0}:
        return
    yield (
        f"accounts of the host use a dockerd without userns-remap: ownership and profiles do not hold against"
        f" {', '.join(to_texts(users))}; portero host says more (accounts-share-a-daemon)"
    )


def warn_of_unasked_users(files: Files, daemon_config: str = DAEMON_CONFIG) -> Iterator[str]:
    """A sentence where others than root reach the running dockerd without a plugin or a door, or that is not known."""
    version, users, past = _ask(files, daemon_config)
    if past["value"] != []:
        bypasses = "; ".join(to_texts(past["value"])) or _CANNOT_BE_READ
        yield f"dockerd is reached past its doors: {bypasses}; portero host says more (doors-only)"
    release = daemon_facts.find_release(version)["value"]
    if users["value"] == [] or (isinstance(release, int) and release < _FIRST_RELEASE):
        return
    name = "dockerd, if it is 29.2 or later," if release == UNKNOWN else f"dockerd {version['value']}"
    who = ", ".join(to_texts(users["value"])) or _CANNOT_BE_READ
    yield (
        f"{name} answers gRPC over HTTP/2 without asking portero: past all rules, and unlogged, BuildKit is open to"
        f" {who}; portero host says more (grpc-asks-plugins)"
    )


def _ask(files: Files, daemon_config: str) -> tuple[Fact, Fact, Fact]:
    """The version of the running dockerd, the users, and the ways past doors; none where none runs."""
    version = make_unknown("GET /version")
    try:
        running = daemon_settings.find_dockerd(files)
    except OSError:
        return version, make_unknown("/proc"), make_fact([], "/proc")
    if running is None:
        return version, make_fact([], "/proc"), make_fact([], "/proc")
    configuration = daemon_settings.read_configuration(files, running, daemon_config)
    access = daemon_sockets.collect_facts(files, configuration)
    users, past = (find(files, configuration, access) for find in (find_unasked_users, find_bypasses))
    try:
        api = EngineApi(files.outside(daemon_sockets.list_unix_sockets(files, configuration)[0]))
        return make_fact(api.get("/version").get("Version"), "GET /version"), users, past
    except (OSError, ValueError, IndexError):  # no answer, not one of dockerd, or no Unix socket
        return version, users, past


def _list_socket_users(files: Files, configuration: Configuration, sockets: Fact) -> dict[str, list[str]]:
    """Who but root and the door may connect to each of dockerd's own sockets."""
    described = cast("dict[str, dict[str, Fact]]", _need_value(sockets))
    accounts = Accounts(files, configuration.daemon)
    paths = [path for path in daemon_sockets.list_unix_sockets(files, configuration) if path in described]
    return {path: [name for name in _list_users(accounts, described[path]) if name != ACCOUNT] for path in paths}


def _list_users(accounts: Accounts, socket: Mapping[str, Fact]) -> Iterator[str]:
    """Who may connect: it takes the right to write (unix(7))."""
    owner, group, mode = (str(_need_value(socket[name])) for name in ("owner", "group", "mode"))
    if owner not in _ROOT:
        yield owner
    if int(mode, 8) & _GROUP_WRITES and group not in _ROOT:
        # A group that /etc/group does not name has its number.
        yield from [f"group {group}"] if group.isdigit() else to_texts(_need_value(accounts.read_members({group})))
    if int(mode, 8) & _OTHERS_WRITE:
        yield "everybody"


def _list_addresses(configuration: Configuration, tcp: Fact, access: Mapping[str, JSON]) -> list[str]:
    """Over TLS those that systemd hands over: one of dockerd's own takes h2 from all of them (measured on 29.7.2)."""
    addresses = to_texts(_need_value(tcp))
    verified = cast("dict[str, Fact]", access["tls"])["verify"]
    if not addresses or (
        _need_value(verified) is False and _need_value(configuration.read_switch("tls", default=False)) is False
    ):
        return addresses
    hosts = to_texts(configuration.read_texts("hosts")["value"])
    return [] if any(host.startswith("tcp://") for host in hosts) else addresses


def _need_value(read: Fact) -> JSON:
    """The value; ValueError: it could not be read."""
    if read["value"] == UNKNOWN:
        raise ValueError(f"{read['at']} cannot be read")
    return read["value"]
