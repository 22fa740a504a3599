"""`portero bundle`: signed policy folders as files for registries and servers."""

import sys
from pathlib import Path

import click

from portero.bundles import archive
from portero.bundles.address import OciAddress, WebAddress, parse_address
from portero.bundles.fetch import BundleSource
from portero.bundles.login import LoginRefused
from portero.bundles.tar_reader import ArchiveRefused
from portero.bundles.transport import TransportFailed
from portero.cli import options
from portero.cli.output import show_json, show_lines
from portero.cli.replaced_file import replace_file
from portero.regular_file import read_regular_file
from portero.service import following
from portero.signing import signature, tree
from portero.signing.manifest import Manifest
from portero.signing.signature import SignatureRefused
from portero.signing.signed_reader import InvalidKeys, trusted_keys
from portero.signing.tree import TreeRefused

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_FILE_MODE = 0o644
_LOGIN = click.option("--login", metavar="FILE", help="Logins, as `docker login` writes them; PORTERO_BUNDLE_LOGIN.")
_CA = click.option("--ca", metavar="FILE", help="Certificate authorities to trust; PORTERO_BUNDLE_CA.")


@click.group()
def bundle() -> None:
    """Bring signed policy to many hosts: build, push, pull and show bundles.

    A bundle is a signed policy folder as one file. `push` takes it to a registry; a host fetches it with `portero
    agent`, or once with `portero bundle pull`.
    """


@bundle.command()
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path), required=True, help="The bundle.")
def build(folder: Path, output: Path) -> None:
    """Make the file of a folder that `portero sign` has signed; for a server, or to carry it."""
    data, manifest = _build(folder)
    try:
        replace_file(output, data, _FILE_MODE)
    except OSError as error:
        options.give_up([f"{output}: {error.strerror}"])
    show_lines([f"{output}: {_describe(manifest)}"])


@bundle.command()
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.argument("address", metavar="OCI")
@_LOGIN
@_CA
def push(folder: Path, address: str, login: str | None, ca: str | None) -> None:
    """Put a signed folder into a registry: oci://registry/name:tag."""
    settings = options.settings({"bundle_login": login, "bundle_ca": ca})
    parsed = _parse(address)
    if not isinstance(parsed, OciAddress) or parsed.is_digest:
        options.give_up([f"{address}: name a tag in a registry: oci://registry/name:tag"])
    data, manifest = _build(folder)
    about = {"portero.for": manifest.group, "portero.version": str(manifest.version)}
    source = BundleSource(parsed, following.DEADLINE, settings.bundle_login, settings.bundle_ca)
    try:
        digest = source.open_registry(parsed).push(data, about)
    except (TransportFailed, LoginRefused) as error:
        options.give_up([str(error)])
    show_lines([f"{address}: {_describe(manifest)}, {digest}"])


@bundle.command()
def pull() -> None:
    """Fetch PORTERO_BUNDLE once, as `portero agent` does every few minutes.

    Exit status 1: it is not rightly signed, for other hosts, or older than what was in force. 2: it cannot be had.
    """
    settings = options.settings({})
    if not settings.bundle:
        options.give_up(["PORTERO_BUNDLE is empty: name the address of a bundle"])
    follower = following.make_follower(settings)
    if follower.look():
        state = follower.state
        show_lines([f"{settings.bundle}: for {state.group}, version {state.version}"])
        return
    show_lines([f"portero: {follower.state.fault}"], err=True)
    sys.exit(options.REFUSED if follower.state.refused else options.COULD_NOT)


@bundle.command()
@click.argument("place", metavar="FILE|ADDRESS")
@_LOGIN
@_CA
@click.option("--trusted", metavar="FILE", multiple=True, help="A trusted public key; PORTERO_TRUSTED_KEYS otherwise.")
@options.JSON_OUTPUT
def show(place: str, login: str | None, ca: str | None, trusted: tuple[str, ...], as_json: bool) -> None:
    """Show who signed a bundle, for whom, in which version. Exit status 1: it is not signed by a trusted key."""
    settings = options.settings({"bundle_login": login, "bundle_ca": ca, "trusted_keys": trusted})
    try:
        data = _read(place, settings.bundle_login, settings.bundle_ca)
        manifest = signature.verify(archive.unpack(data), trusted_keys(settings.trusted_keys))
    except (TransportFailed, LoginRefused, InvalidKeys) as error:
        options.give_up([str(error)])
    except OSError as error:
        options.give_up([f"{place}: {error.strerror}"])
    except ArchiveRefused as refused:
        options.give_up([f"{place}: {refused}"])
    except SignatureRefused as refused:
        show_lines([f"{place}: {name} {sentence}" for name, sentence in refused.faults])
        sys.exit(options.REFUSED)
    if as_json:
        about = {"for": manifest.group, "version": manifest.version, "date": manifest.date, "key": manifest.key}
        show_json({**about, "files": sorted(manifest.files)})
    else:
        show_lines([f"{place}: {_describe(manifest)}, key {manifest.key}", *sorted(manifest.files)])


def _build(folder: Path) -> tuple[bytes, Manifest]:
    """The archive of a signed folder, and what it claims; whether to trust that is for those who have a key."""
    try:
        files = tree.held(folder)
        manifest = signature.claimed(files)
    except (TreeRefused, SignatureRefused) as refused:
        options.give_up([f"{folder / name}: {sentence}" for name, sentence in refused.faults])
    except OSError as error:
        options.give_up([f"{error.filename or folder}: {error.strerror}"])
    return archive.pack(files), manifest


def _read(place: str, login: Path | None, ca: Path | None) -> bytes:
    if "://" not in place:
        return read_regular_file(place, archive.LARGEST_ARCHIVE)
    found = BundleSource(_parse(place), following.DEADLINE, login, ca).fetch()
    return found[0] if found is not None else b""


def _parse(address: str) -> OciAddress | WebAddress:
    try:
        return parse_address(address)
    except ValueError as fault:
        options.give_up([f"{address}: {fault}"])


def _describe(manifest: Manifest) -> str:
    number = "1 file" if len(manifest.files) == 1 else f"{len(manifest.files)} files"
    return f"for {manifest.group}, version {manifest.version} of {manifest.date}, {number}"
