"""`portero bundle`: signed policy folders as files for registries and servers."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from portero.decide.identity.key_pairs import PrivateKey
from portero.decide.values.dataclass import replace
from portero.observe.files.whole_files import replace_file
from portero.observe.stores import api_tables
from portero.serve.application import loading, signed_folders
from portero.serve.settings.setting_values import CURRENT, OciAddress
from portero.serve.settings.settings import Settings
from portero.serve.signing import signature
from portero.serve.signing.manifest import Manifest
from portero.tools.cli import host_settings
from portero.tools.cli.fetched_bundle import name_signature, open_source, read_address, read_bundle
from portero.tools.cli.next_version import ask_version, find_in_force, sign_above, sign_next
from portero.tools.cli.sign import describe, read_files, read_manifest, sign, summarize_manifest, verify
from portero.tools.registries import bundle_archive
from portero.tools.registries.bundle_archive import Bundle, BundleRefused, Trust
from portero.tools.registries.bundle_pull import pull_bundle
from portero.tools.registries.https import TransportFailed
from portero.tools.registries.registry import Registry
from portero.tools.terminal import options, secret_input
from portero.tools.terminal.formats import JSON_OUTPUT, Outputs, show
from portero.tools.terminal.output import show_lines

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_FILE_MODE = 0o644
# Of a pull that failed while there is no bundle at all: portero-bundle.service then tries again within seconds.
_NOTHING_YET = 3
_CA = click.option("--ca", metavar="FILE", help="Certificate authorities to trust. Default: PORTERO_BUNDLE_CA.")
_FILE = click.Path(path_type=Path)
_KEY = click.option("--key", "key_file", metavar="FILE", type=_FILE, required=True, help="The private key that signs.")


@click.group()
def bundle() -> None:
    """Bring signed policy to many hosts: build, push, pull and show bundles.

    A bundle is a signed policy folder as one file, which is signed too. `push` takes it to a registry, and a host
    fetches it with `portero bundle pull`, which portero-bundle.timer starts every few minutes.
    """


bundle.add_command(sign)
bundle.add_command(verify)


@bundle.command()
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.option("-o", "--output", metavar="FILE", type=_FILE, required=True, help="The bundle.")
@_KEY
def build(folder: Path, output: Path, key_file: Path) -> None:
    """Make one file of a signed folder.

    `portero bundle sign` signs the folder. Put the file on a server, or carry it to the hosts, with FILE.sig, its
    signature, beside it.
    """
    key, files = secret_input.read_key(key_file), read_files(folder)
    manifest = read_manifest(folder, files)
    built = _pack(files, key)
    for file, data in ((name_signature(output), f"{built.signature}\n".encode()), (output, built.data)):
        with options.explain_os_errors(file):
            replace_file(file, data, _FILE_MODE)
    show_lines([f"{output}: {describe(manifest)}"])


@bundle.command()
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.argument("address", metavar="OCI")
@_KEY
@click.option("--after", type=click.IntRange(min=0), help="The version in force on the hosts, 0 for none.")
@options.LOGIN
@_CA
def push(folder: Path, address: str, key_file: Path, after: int | None, login: str | None, ca: str | None) -> None:
    """Put a signed folder into a registry: oci://registry/name:tag.

    Hosts deny a version that is older than theirs. The version in force is that of the bundle under this tag, or of
    this host. Where there is none, portero asks for it, or takes that of --after. A folder whose version is not higher
    is signed again.
    """
    settings = host_settings.load_host_settings({"bundle_login": login, "bundle_ca": ca})
    key, files = secret_input.read_key(key_file), read_files(folder)
    manifest = read_manifest(folder, files)
    with options.give_up_on(TransportFailed):
        registry = _open_tag(address, settings)
        known = find_in_force(registry, manifest.group, key, settings, after)
        files = sign_above(folder, files, key, ask_version(manifest, after) if known is None else known, after)
        _push(registry, address, read_manifest(folder, files), _pack(files, key))


@bundle.command()
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.argument("address", metavar="[OCI]", required=False)
@click.option("--old", metavar="FILE", required=True, help="The public key of those that signed it so far.")
@_KEY
@options.LOGIN
@_CA
def rotate(folder: Path, address: str | None, old: str, key_file: Path, login: str | None, ca: str | None) -> None:
    """Sign a folder with a new key.

    OCI is the registry to put it into. Hosts trust both keys before, and the new one alone when all have this version
    (portero help policy-folders). The folder must be as the old key signed it. Its version becomes the one above that
    in force.
    """
    overrides = {"bundle_login": login, "bundle_ca": ca, "trusted_keys": (old,)}
    settings = host_settings.load_host_settings(overrides)
    key, files = secret_input.read_key(key_file), read_files(folder)
    with options.give_up_on(TransportFailed):
        registry = _open_tag(address, settings) if address else None
        files = sign_next(folder, files, key, registry, settings)
        manifest = read_manifest(folder, files)
        show_lines([f"{folder}: {describe(manifest)}, key {manifest.key}"])
        if registry and address:
            _push(registry, address, manifest, _pack(files, key))


@bundle.command()
@options.LOGIN
@options.STATE
def pull(login: str | None, state: str | None) -> None:
    """Fetch PORTERO_BUNDLE if it is new, verify it, put it in place.

    portero-bundle.timer starts this every few minutes. A trusted key must have signed the bundle, for a group of this
    host, and it may not be older than the one in force. Otherwise the last good one stays.

    Exit status 1: the signature is not good, the bundle is for other hosts, or it is older than the one in force.
    2: it cannot be fetched. 3: 1 or 2, on a host that has none from before.
    """
    settings = host_settings.load_host_settings({"bundle_login": login, "state": state})
    if not settings.bundle:
        options.give_up(["PORTERO_BUNDLE is empty: name the address of a bundle"])

    def read_trust() -> Trust:
        reader = signed_folders.make_signed_reader(settings)
        return Trust(reader.trusted, settings.host_groups, reader.seen)

    def try_load(folder: Path) -> None:
        """Load all policy as the plugin will, with the bundle in this folder. Raises LoadError."""
        routes, _ = api_tables.load_api()
        loading.load_trusted(replace(settings, schemas=(*settings.schemas[:-1], folder)), routes.operations)

    source, place = open_source(read_address(settings.bundle), settings), settings.bundle_folder
    after = pull_bundle(source, place, read_trust, try_load)
    if after.fault:
        show_lines([f"portero: {after.fault}"], err=True)
        is_first = not os.path.lexists(place / CURRENT)
        sys.exit(_NOTHING_YET if is_first else options.REFUSED if after.refused else options.ERROR)
    show_lines([f"{settings.bundle}: for {after.group}, version {after.version}"])


@bundle.command("show")
@click.argument("source", metavar="FILE|ADDRESS")
@options.LOGIN
@_CA
@options.TRUSTED
@JSON_OUTPUT
def show_bundle(source: str, outputs: Outputs, login: str | None, ca: str | None, **trusted: tuple[str, ...]) -> None:
    """Show who signed a bundle, for whom, in which version. Exit status 1: it is not signed by a trusted key."""
    settings = host_settings.load_host_settings({"bundle_login": login, "bundle_ca": ca, **trusted})
    try:
        _, manifest = read_bundle(source, settings)
    except BundleRefused as refused:
        show_lines([f"{source}: {refused}"])
        sys.exit(options.REFUSED)
    files = sorted(manifest.files)
    lines = [f"{source}: {describe(manifest)}, key {manifest.key}", *files]
    show({**summarize_manifest(manifest), "files": files}, lines, outputs)


def _push(registry: Registry, address: str, manifest: Manifest, bundle: Bundle) -> None:
    about = {"portero.for": manifest.group, "portero.version": str(manifest.version)}
    show_lines([f"{address}: {describe(manifest)}, {registry.push(bundle, about)}"])


def _pack(files: Mapping[str, bytes], key: PrivateKey) -> Bundle:
    data = bundle_archive.pack(files)
    return Bundle(data, signature.sign_file(data, key))


def _open_tag(address: str, settings: Settings) -> Registry:
    parsed = read_address(address)
    if not isinstance(parsed, OciAddress) or parsed.is_digest:
        options.give_up([f"{address}: name a tag in a registry: oci://registry/name:tag"])
    return open_source(parsed, settings).open_registry(parsed)
