"""A bundle at an address or in a file, verified as hosts do it: to be shown, or as the policy of a command."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from portero.observe.files.whole_files import read_regular_file
from portero.serve.settings.setting_values import OciAddress, parse_address
from portero.serve.settings.settings import Settings
from portero.serve.signing.manifest import Manifest
from portero.tools.cli.sign import read_trusted_keys
from portero.tools.registries.bundle_archive import MAX_ARCHIVE_SIZE, Bundle, BundleRefused, Trust, open_bundle
from portero.tools.registries.bundle_fetch import DEADLINE, SIGNATURE_SUFFIX, WHOLE, BundleSource
from portero.tools.registries.bundle_pull import write_files
from portero.tools.registries.https import DeadlinePassed, TransportFailed, limit_seconds
from portero.tools.terminal import options

_NO_BUNDLE = "name a file that `portero bundle build` wrote, or an address"


def unpack_policy(address: str, settings: Settings) -> tuple[str, str]:
    """A folder that is removed when the command ends, with the policy at this address; and what it is, in words."""
    with options.give_up_on(BundleRefused, name=address):
        files, manifest = read_bundle(address, settings)
        if settings.host_groups:
            Trust({}, settings.host_groups, {}).check_manifest(manifest)
    folder = click.get_current_context().with_resource(TemporaryDirectory(prefix="portero-"))
    with options.explain_os_errors(folder, by_file=True):
        write_files(Path(folder), files)
    return folder, f"{address} (for {manifest.group}, version {manifest.version})"


def read_bundle(source: str, settings: Settings) -> tuple[Mapping[str, bytes], Manifest]:
    """The files of a bundle, and what a trusted key signed them as; gives up without one. Raises BundleRefused."""
    try:
        with (
            options.give_up_on(TransportFailed),
            options.explain_os_errors(source, _NO_BUNDLE, by_file=True),
            limit_seconds(WHOLE * DEADLINE),
        ):
            return open_bundle(_fetch(source, settings), read_trusted_keys(settings))
    except DeadlinePassed:
        options.give_up([f"{source}: could not be read within {WHOLE * DEADLINE:g} s"])


def _fetch(source: str, settings: Settings) -> Bundle:
    if "://" not in source:
        data = read_regular_file(source, MAX_ARCHIVE_SIZE)
        try:
            text = read_regular_file(name_signature(Path(source))).decode("ascii", "replace").strip()
        except FileNotFoundError:
            text = ""
        return Bundle(data, text)
    bundle = open_source(read_address(source), settings).fetch()
    assert bundle is not None  # noqa: S101 - None means unchanged since a digest, and none is given
    return bundle


def name_signature(file: Path) -> Path:
    return file.with_name(file.name + SIGNATURE_SUFFIX)


def open_source(address: OciAddress | str, settings: Settings) -> BundleSource:
    return BundleSource(address, DEADLINE, settings.bundle_login, settings.bundle_ca, settings.bundle_hosts)


def read_address(address: str) -> OciAddress | str:
    with options.give_up_on(ValueError, name=address):
        return parse_address(address)
