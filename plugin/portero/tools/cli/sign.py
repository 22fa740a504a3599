"""`portero keygen`, `portero bundle sign` and `portero bundle verify`: signed policy folders."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

from portero.decide.identity import key_pairs
from portero.decide.identity.key_pairs import PrivateKey, PublicKey
from portero.decide.policy.folder import describe_leftover
from portero.decide.values.errors import FileFaults, LoadError
from portero.decide.values.spelling import count_things
from portero.decide.values.times import format_second
from portero.observe.files.whole_files import create_file, replace_file
from portero.serve.settings.setting_values import GROUP
from portero.serve.settings.settings import Settings
from portero.serve.signing import signature, tree
from portero.serve.signing.manifest import Manifest
from portero.serve.signing.signed_reader import find_group_fault, read_keys
from portero.tools.cli import host_settings
from portero.tools.terminal import options, secret_input
from portero.tools.terminal.formats import JSON_OUTPUT, Outputs, show
from portero.tools.terminal.output import show_lines

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_NEW_FILE, _VERSION = click.Path(path_type=Path), click.IntRange(1, signature.VERSIONS[-1])
_OWNER_ONLY, _EVERYBODY = 0o600, 0o644


@click.command()
@click.argument("file", metavar="FILE", type=_NEW_FILE)
def keygen(file: Path) -> None:
    """Make a key for signing policy folders or tokens.

    FILE gets the private key: keep it where policies or tokens are signed. FILE.pub gets the public key: for
    PORTERO_TRUSTED_KEYS, or as keys/NAME.pem of a policy folder for token-issuers. One key is for one of the two.
    """
    key = key_pairs.make_key()
    public = Path(f"{file}.pub")
    with options.explain_os_errors(file, "name a new file", by_file=True):
        create_file(file, key_pairs.encode_private(key), _OWNER_ONLY)
        create_file(public, key_pairs.encode_public(key.public_key()), _EVERYBODY)
    show_lines([f"{signature.identify_key(key.public_key())}  {public}"])


def _read_group(context: click.Context, parameter: click.Parameter, name: str) -> str:
    if not GROUP.fullmatch(name):
        raise click.BadParameter("write a name of a-z, 0-9, . and -, such as web", context, parameter)
    return name


_HOSTS = "The hosts: one of their PORTERO_HOST_GROUPS."
FOR_HOSTS = click.option("--for", "group", metavar="GROUP", required=True, callback=_read_group, help=_HOSTS)


@click.command()
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.option("--key", "key_file", metavar="FILE", type=_NEW_FILE, required=True, help="The private key.")
@click.option("--version", type=_VERSION, help="The version of the folder. Default: the last one plus 1.")
@FOR_HOSTS
def sign(folder: Path, key_file: Path, version: int | None, group: str) -> None:
    """Sign a policy folder for a group of hosts.

    The signature covers all files, and is written to DIR/signature.json.
    """
    key = secret_input.read_key(key_file)
    files = read_files(folder)
    chosen = _choose_version(folder, files.get(signature.NAME), version)
    write_signature(folder, files, chosen, time.time(), key, group)
    number = count_things(len(files.keys() - {signature.NAME}), "file")
    show_lines([f"{folder}: for {group}, version {chosen}, {number}, key {signature.identify_key(key.public_key())}"])


@click.command()
@click.argument("folder", metavar="DIR", type=_FOLDER)
@options.TRUSTED
@JSON_OUTPUT
def verify(folder: Path, outputs: Outputs, **trusted: tuple[str, ...]) -> None:
    """Check the signature of a policy folder.

    A trusted key must have signed it, and no file may have changed since. Where PORTERO_HOST_GROUPS is set, the folder
    must be signed for one of these groups.
    """
    settings = host_settings.load_host_settings(trusted)
    try:
        keys = read_trusted_keys(settings)
        with _explain_tree_errors(folder):
            manifest = signature.verify(tree.read_tree(folder), keys)
        fault = find_group_fault(folder, manifest, settings.host_groups) if settings.host_groups else None
        if fault:
            raise FileFaults([(signature.NAME, fault)])
    except FileFaults as refused:
        faults = _name_faults(folder, refused)
        show({"signed": False, "faults": faults}, faults, outputs)
        sys.exit(options.REFUSED)
    summary = {"signed": True, **summarize_manifest(manifest), "files": len(manifest.files)}
    show(summary, [f"{folder}: {describe(manifest)}, key {manifest.key}"], outputs)


def write_signature(
    folder: Path, files: Mapping[str, bytes], version: int, now: float, key: PrivateKey, group: str
) -> bytes:
    """Sign these files of a folder, `now` in seconds since 1970; returns the text of its signature.json."""
    left = [(name, describe_leftover(name)) for name in sorted(files)]
    if faults := [f"{folder / name}: is {what}: remove it before you sign" for name, what in left if what]:
        options.give_up(faults)
    signed = folder / signature.NAME
    text = signature.sign(files, version, format_second(now), key, group)
    with options.explain_os_errors(signed):
        replace_file(signed, text, _EVERYBODY)
    return text


def read_manifest(folder: Path, files: Mapping[str, bytes]) -> Manifest:
    """What a folder with these files says it is signed as; gives up where it is not signed as it is now."""
    with _give_up_on_faults(folder):
        return signature.read_claims(files)


def verify_files(folder: Path, files: Mapping[str, bytes], trusted: Mapping[str, PublicKey]) -> Manifest:
    """The same, where one of these keys signed it; `trusted`: by id."""
    with _give_up_on_faults(folder):
        return signature.verify(files, trusted)


def summarize_manifest(manifest: Manifest) -> dict[str, object]:
    return {"for": manifest.group, "version": manifest.version, "date": manifest.date, "key": manifest.key}


def describe(manifest: Manifest) -> str:
    files = count_things(len(manifest.files), "file")
    return f"for {manifest.group}, version {manifest.version} of {manifest.date}, {files}"


def read_trusted_keys(settings: Settings) -> dict[str, PublicKey]:
    """The keys that may sign, by id; gives up where there are none, or one cannot be used."""
    with options.give_up_on(LoadError):
        keys = read_keys(settings.trusted_keys)
    return keys or options.give_up(["no trusted key: name one with --trusted FILE or PORTERO_TRUSTED_KEYS"])


def read_files(folder: Path) -> dict[str, bytes]:
    """All files of a policy folder; gives up where one cannot be signed."""
    with _give_up_on_faults(folder), _explain_tree_errors(folder):
        return tree.read_tree(folder)


@contextmanager
def _explain_tree_errors(folder: Path) -> Iterator[None]:
    """Give up with the folder and, below it, the entry that the system refuses."""
    try:
        yield
    except OSError as error:
        entry = "" if error.filename in (None, str(folder)) else f" {error.filename}:"
        options.give_up([f"{folder}:{entry} {error.strerror}"])


@contextmanager
def _give_up_on_faults(folder: Path, cure: str = "") -> Iterator[None]:
    try:
        yield
    except FileFaults as refused:
        options.give_up([fault + cure for fault in _name_faults(folder, refused)])


def _name_faults(folder: Path, refused: FileFaults) -> list[str]:
    return [f"{folder / name}: {sentence}" for name, sentence in refused.faults]


def _choose_version(folder: Path, last: bytes | None, requested: int | None) -> int:
    """Versions only grow: hosts that had this version refuse an older one."""
    with _give_up_on_faults(folder, "; or remove the file"):
        before = signature.read_version(last) if last is not None else 0
    if requested is not None and requested <= before:
        options.give_up([f"{folder}: is already version {before}; use a higher --version, or none"])
    return requested or before + 1
