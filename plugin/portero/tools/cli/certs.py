"""`portero certs`: an authority, and certificates for dockerd's TLS and for its users.

Each certificate gets a folder with ca.pem, cert.pem and key.pem, as DOCKER_CERT_PATH expects them.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from portero.decide.identity.trusted import is_name
from portero.decide.values.errors import ContentRefused
from portero.observe.files.whole_files import create_file, replace_file
from portero.tools.cli.authority import Authority, Issued, make_authority
from portero.tools.terminal import options
from portero.tools.terminal.output import show_lines

_FOLDER = click.Path(file_okay=False, path_type=Path)
_OWNER_ONLY, _EVERYBODY, _FOLDER_MODE = 0o600, 0o644, 0o700
_HOST = re.compile(r"[A-Za-z0-9*][A-Za-z0-9.:-]{0,252}")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,100}")
_CA, _CA_KEY, _CERT, _KEY = "ca.pem", "ca-key.pem", "cert.pem", "key.pem"


def _make_days_option(default: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option("--days", type=click.IntRange(1, 3660), default=default, show_default=True, help="Days valid.")


@click.group()
def certs() -> None:
    """Make certificates for dockerd's TLS: an authority, daemons, users."""


@certs.command()
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.option("--name", metavar="NAME", default="portero authority", show_default=True, help="Its name.")
@_make_days_option(1825)
def ca(folder: Path, name: str, days: int) -> None:
    """Make an authority in DIR.

    It has ca.pem, and ca-key.pem, which signs and stays on this machine.
    """
    _check_names([name])
    made = make_authority(name, days)
    _create(folder, {_CA_KEY: (made.key, _OWNER_ONLY), _CA: (made.certificate, _EVERYBODY)})
    show_lines([f"{folder / _CA}: valid until {made.end:%Y-%m-%d}; keep {folder / _CA_KEY} off the Docker hosts"])


@certs.command()
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.option("--host", "hosts", metavar="NAME", multiple=True, required=True, help="A name or address (repeatable).")
@_make_days_option(397)
def server(folder: Path, hosts: tuple[str, ...], days: int) -> None:
    """Issue a certificate for a dockerd, and show its settings. DIR has the authority."""
    if not all(_HOST.fullmatch(host) for host in hosts):
        options.give_up(["--host: write names such as docker.example.com, or addresses"])
    issued = _issue(folder, lambda authority: authority.issue("server", hosts[0], (), hosts, days))
    made = _write_files(folder, hosts[0], issued)
    show_lines([f"{made}: for {', '.join(hosts)}, valid until {issued.end:%Y-%m-%d}", *_list_help("server")])


@certs.command()
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.option("--user", metavar="NAME", required=True, help="The user (CN).")
@click.option("--group", "groups", metavar="NAME", multiple=True, help="A group of the user: its O (repeatable).")
@_make_days_option(90)
def client(folder: Path, user: str, groups: tuple[str, ...], days: int) -> None:
    """Issue a certificate for a user, and show how to use it. DIR has the authority."""
    _check_names([user, *groups])
    if not _FILE_NAME.fullmatch(user):
        options.give_up(["--user: write a name that can be a folder's: letters, digits, ., _, @ and -"])
    issued = _issue(folder, lambda authority: authority.issue("client", user, groups, (), days))
    made = _write_files(folder, user, issued)
    listed = f" in {', '.join(groups)}" if groups else ""
    help = (line.replace("{folder}", str(made.absolute())) for line in _list_help("client"))
    show_lines([f"{made}: for {user}{listed}, valid until {issued.end:%Y-%m-%d}", *help])


@certs.command()
@click.argument("folders", metavar="DIR...", nargs=-1, required=True, type=_FOLDER)
@_make_days_option(90)
def renew(folders: tuple[Path, ...], days: int) -> None:
    """Renew certificates in their folders.

    `server` and `client` made the folders. cert.pem changes, the key stays. The authority is in the folder above.
    dockerd reads its certificate when it starts: restart it.
    """
    for folder in folders:
        file = folder / _CERT
        unread = options.explain_os_errors(file, "name a folder that `server` or `client` made")
        with options.give_up_on(ContentRefused, name=file), unread:
            old = file.read_bytes()
            text, end = _read_authority(folder.absolute().parent).renew(old, days)
            replace_file(file, text, _EVERYBODY)
        show_lines([f"{file}: valid until {end:%Y-%m-%d}"])


def _issue(folder: Path, make: Callable[[Authority], Issued]) -> Issued:
    with options.give_up_on(ContentRefused, name=folder / _CA):
        return make(_read_authority(folder))


def _read_authority(folder: Path) -> Authority:
    with options.explain_os_errors(folder, f"make an authority with `portero certs ca {folder}`", by_file=True):
        return Authority.read((folder / _CA).read_bytes(), (folder / _CA_KEY).read_bytes())


def _write_files(folder: Path, name: str, issued: Issued) -> Path:
    made = folder / name
    files = {_KEY: (issued.key, _OWNER_ONLY), _CERT: (issued.certificate, _EVERYBODY)}
    _create(made, {**files, _CA: ((folder / _CA).read_bytes(), _EVERYBODY)})
    return made


def _create(folder: Path, files: dict[str, tuple[bytes, int]]) -> None:
    with options.explain_os_errors(folder, "name another folder", by_file=True):
        folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    with options.explain_os_errors(folder, "renew it with `portero certs renew`, or remove it", by_file=True):
        for name, (text, mode) in files.items():
            create_file(folder / name, text, mode)


def _check_names(names: Sequence[str]) -> None:
    if not all(is_name(name) for name in names):
        options.give_up(["--name, --user, --group: write one line of plain text of at most 128 characters"])


def _list_help(what: str) -> list[str]:
    """How to use what was made."""
    return Path(__file__).with_name(f"certs_{what}.txt").read_text(encoding="utf-8").splitlines()
