"""Which version a pushed policy must have: above what its hosts have in force, or they refuse it."""

import sys
import time
from pathlib import Path

import click

from portero.decide.identity.key_pairs import PrivateKey
from portero.decide.values.json_fields import to_object
from portero.serve.settings.settings import Settings
from portero.serve.signing import signature
from portero.serve.signing.manifest import Manifest
from portero.serve.signing.signed_reader import read_keys
from portero.serve.signing.versions import Seen, find_fault
from portero.tools.cli.sign import read_manifest, read_trusted_keys, verify_files, write_signature
from portero.tools.hostcheck.plugin_client import ask_status, find_socket
from portero.tools.registries.bundle_archive import BundleRefused, open_bundle
from portero.tools.registries.registry import Registry
from portero.tools.terminal import options
from portero.tools.terminal.output import show_lines


def find_in_force(
    registry: Registry, group: str, key: PrivateKey, settings: Settings, after: int | None
) -> Seen | None:
    """What hosts of this group have: the bundle under the tag, or the policy of this host; None: neither is known.

    The version of a bundle that another person signed could be anything: then `after` counts, the word of who pushes;
    gives up without it. Raises TransportFailed.
    """
    published = registry.find_published()
    if published is not None:
        public = key.public_key()
        try:
            trusted = {**read_keys(settings.trusted_keys), signature.identify_key(public): public}
            _, manifest = open_bundle(published, trusted)
        except BundleRefused as refused:
            if after is None:
                cure = "say with --after which version hosts have in force, or push to another tag"
                options.give_up([f"{registry.address.host}: what is there is not yours ({refused}): {cure}"])
        else:
            if manifest.group == group:
                return Seen(manifest.version, manifest.content)
    return _find_here(group, settings)


def _find_here(group: str, settings: Settings) -> Seen | None:
    try:
        folders = to_object(ask_status(find_socket(settings.socket)).get("signedFolders"))
    except (OSError, ValueError):
        return None
    signed = (to_object(entry) for entry in folders.values())
    versions = [entry["version"] for entry in signed if entry.get("for") == group]
    newest = max((version for version in versions if isinstance(version, int)), default=None)
    return None if newest is None else Seen(newest, "")


def ask_version(manifest: Manifest, after: int | None) -> Seen:
    """What the person who pushes knows to be in force; gives up without a terminal."""
    group = manifest.group
    if after is None:
        if not sys.stdin.isatty():
            why = "nothing is there yet, so that it is not known which version"
            options.give_up([f"{why} hosts of {group} have in force: say it with --after (0: none)"])
        question = f"Nothing is there yet. Which version for {group} do hosts have in force (portero status; 0: none)?"
        after = click.prompt(question, type=click.IntRange(min=0), err=True)
    # The same version can be the same policy only under a tag that holds it.
    return Seen(after, "")


def sign_above(
    folder: Path, files: dict[str, bytes], key: PrivateKey, seen: Seen, after: int | None
) -> dict[str, bytes]:
    """The files, signed anew where their version is not above `known`; `after`: what the person says of it."""
    manifest = read_manifest(folder, files)
    if after is not None and after > seen.version:
        seen = Seen(after, "")
    if seen.version == 0 or find_fault({manifest.group: seen}, manifest) is None:
        return files
    version = seen.version + 1
    if manifest.key != signature.identify_key(key.public_key()):
        cure = f"have it signed again, with --version {version}"
        options.give_up([f"{folder}: is version {manifest.version}, and {seen.version} is in force: {cure}"])
    text = write_signature(folder, files, version, time.time(), key, manifest.group)
    show_lines([f"{folder}: version {seen.version} is in force, so it is signed anew as version {version}"])
    return {**files, signature.NAME: text}


def sign_next(
    folder: Path, files: dict[str, bytes], key: PrivateKey, registry: Registry | None, settings: Settings
) -> dict[str, bytes]:
    """The files, signed by another key than before, as the version above that in force; `settings` have the old key.

    Raises TransportFailed.
    """
    public = key.public_key()
    # Done again, it is the new one that signed it.
    manifest = verify_files(folder, files, {**read_trusted_keys(settings), signature.identify_key(public): public})
    known = find_in_force(registry, manifest.group, key, settings, None) if registry else None
    version = max(manifest.version, known.version if known else 0) + 1
    return {**files, signature.NAME: write_signature(folder, files, version, time.time(), key, manifest.group)}
