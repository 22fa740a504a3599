"""Who but root reaches dockerd where it asks no plugin: gRPC over HTTP/2, from 29.2 on (docker-facts 5.8)."""

from collections.abc import Iterator, Mapping
from typing import cast

from portero.dockerd.api import EngineApi
from portero.dockerd.daemon import DAEMON_CONFIG
from portero.files.chroot import Files
from portero.hostcheck import daemon_facts, daemon_settings, daemon_sockets
from portero.hostcheck.daemon_settings import Configuration
from portero.hostcheck.fact import UNKNOWN, fact, observed, unknown
from portero.hostcheck.group_members import DOCKERD, Accounts
from portero.values.json_fields import to_texts
from portero.values.json_types import JSON, Fact

_FIRST_RELEASE = 29002000
_ROOT = ("root", DOCKERD)
_GROUP_WRITES, _OTHERS_WRITE = 0o020, 0o002


def find_unasked_users(files: Files, configuration: Configuration, access: Mapping[str, JSON]) -> Fact:
    """The users of its own Unix sockets, and its TCP addresses that take HTTP/2; `access`: its other facts."""
    sockets, tcp = cast(Fact, access["sockets"]), cast(Fact, access["tcp"])

    def read() -> JSON:
        described = cast("dict[str, dict[str, Fact]]", _known(sockets))
        own = [path for path in daemon_sockets.list_unix_sockets(files, configuration) if path in described]
        users = (user for path in own for user in _list_users(Accounts(files, configuration.daemon), described[path]))
        return [*dict.fromkeys(users), *_list_addresses(configuration, tcp, access)]

    return observed(f"{sockets['at']}, {tcp['at']}", read)


def warn_of_unasked_users(files: Files, daemon_config: str = DAEMON_CONFIG) -> Iterator[str]:
    """A sentence where others than root reach the running dockerd without a plugin, or that cannot be read."""
    version, users = _ask(files, daemon_config)
    release = daemon_facts.find_release(version)["value"]
    if users["value"] == [] or (isinstance(release, int) and release < _FIRST_RELEASE):
        return
    name = "dockerd, if it is 29.2 or later," if release == UNKNOWN else f"dockerd {version['value']}"
    who = ", ".join(to_texts(users["value"])) or "its users (they cannot be read)"
    yield (
        f"{name} answers gRPC over HTTP/2 without asking portero: past all rules, and unlogged, BuildKit is open to"
        f" {who}; portero host says more (grpc-asks-plugins)"
    )


def _ask(files: Files, daemon_config: str) -> tuple[Fact, Fact]:
    """The version of the running dockerd, and the users; none where none runs."""
    version = unknown("GET /version")
    try:
        running = daemon_settings.find_dockerd(files)
    except OSError:
        return version, unknown("/proc")
    if running is None:
        return version, fact([], "/proc")
    configuration = daemon_settings.read_configuration(files, running, daemon_config)
    users = find_unasked_users(files, configuration, daemon_sockets.facts(files, configuration))
    try:
        api = EngineApi(files.outside(daemon_sockets.list_unix_sockets(files, configuration)[0]))
        return fact(api.get("/version").get("Version"), "GET /version"), users
    except (OSError, ValueError, IndexError):  # no answer, not one of dockerd, or no Unix socket
        return version, users


def _list_users(accounts: Accounts, socket: Mapping[str, Fact]) -> Iterator[str]:
    """Who may connect: it takes the right to write (unix(7))."""
    owner, group, mode = (str(_known(socket[name])) for name in ("owner", "group", "mode"))
    if owner not in _ROOT:
        yield owner
    if int(mode, 8) & _GROUP_WRITES and group not in _ROOT:
        # A group that /etc/group does not name has its number.
        yield from [f"group {group}"] if group.isdigit() else to_texts(_known(accounts.members({group})))
    if int(mode, 8) & _OTHERS_WRITE:
        yield "everybody"


def _list_addresses(configuration: Configuration, tcp: Fact, access: Mapping[str, JSON]) -> list[str]:
    """Over TLS those that systemd hands over: one of dockerd's own takes h2 from all of them (measured on 29.7.2)."""
    addresses = to_texts(_known(tcp))
    verified = cast("dict[str, Fact]", access["tls"])["verify"]
    if not addresses or (_known(verified) is False and _known(configuration.switch("tls", default=False)) is False):
        return addresses
    hosts = to_texts(configuration.texts("hosts")["value"])
    return [] if any(host.startswith("tcp://") for host in hosts) else addresses


def _known(read: Fact) -> JSON:
    """The value; ValueError: it could not be read."""
    if read["value"] == UNKNOWN:
        raise ValueError(f"{read['at']} cannot be read")
    return read["value"]
