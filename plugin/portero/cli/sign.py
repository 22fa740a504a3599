"""`portero keygen`, `portero sign` and `portero verify`: signed policy folders."""

import os
import sys
import time
from pathlib import Path

import click

from portero.cli import options, secret_input
from portero.cli.terminal import show_json, show_lines
from portero.files.whole_files import replace_file
from portero.settings.setting_values import GROUP
from portero.signing import signature, tree
from portero.signing.signature import SignatureRefused
from portero.signing.signed_reader import InvalidKeys, find_group_fault, read_keys
from portero.signing.tree import TreeRefused
from portero.values.times import format_second

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_NEW_FILE = click.Path(path_type=Path)
_OWNER_ONLY, _EVERYBODY = 0o600, 0o644
_PUBLIC = ".pub"


@click.command()
@click.argument("file", metavar="FILE", type=_NEW_FILE)
def keygen(file: Path) -> None:
    """Make a key for signing policy folders or tokens.

    FILE gets the private key: keep it where policies or tokens are signed. FILE.pub gets the public key: for
    PORTERO_TRUSTED_KEYS, or as keys/NAME.pem of a policy folder for token-issuers. One key is for one of the two.
    """
    key = signature.new_key()
    public = file.with_name(file.name + _PUBLIC)
    _create(file, signature.private_text(key), _OWNER_ONLY)
    _create(public, signature.public_text(key.public_key()), _EVERYBODY)
    show_lines([f"{signature.key_id(key.public_key())}  {public}"])


def _read_group(context: click.Context, parameter: click.Parameter, name: str) -> str:
    if not GROUP.fullmatch(name):
        raise click.BadParameter("write a name of a-z, 0-9, . and -, such as web", context, parameter)
    return name


@click.command()
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.option("--key", "key_file", metavar="FILE", type=_NEW_FILE, required=True, help="The private key.")
@click.option(
    "--version", type=click.IntRange(min=1), help="The version of the folder; by default the last one plus 1."
)
@click.option(
    "--for",
    "group",
    metavar="GROUP",
    required=True,
    callback=_read_group,
    help="The hosts: one of their PORTERO_HOST_GROUPS.",
)
def sign(folder: Path, key_file: Path, version: int | None, group: str) -> None:
    """Sign all files of a policy folder for a group of hosts: writes DIR/signature.json."""
    key = secret_input.read(key_file)
    files = _files(folder)
    chosen = _next_version(folder, files.get(signature.NAME), version)
    _replace(folder / signature.NAME, signature.sign(files, chosen, format_second(time.time()), key, group))
    number = _counted(len(files.keys() - {signature.NAME}))
    show_lines([f"{folder}: for {group}, version {chosen}, {number}, key {signature.key_id(key.public_key())}"])


@click.command()
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.option(
    "--trusted", metavar="FILE", multiple=True, help="A trusted public key; PORTERO_TRUSTED_KEYS unless given."
)
@options.JSON_OUTPUT
def verify(folder: Path, trusted: tuple[str, ...], as_json: bool) -> None:
    """Check that a trusted key signed a policy folder, and that no file has changed since.

    Where PORTERO_HOST_GROUPS is set, the folder must be signed for one of these groups.
    """
    settings = options.settings({"trusted_keys": trusted})
    try:
        keys = read_keys(settings.trusted_keys)
        if not keys:
            options.give_up(["no trusted key: name one with --trusted FILE or PORTERO_TRUSTED_KEYS"])
        manifest = signature.verify(tree.read_tree(folder), keys)
        fault = find_group_fault(folder, manifest, settings.host_groups) if settings.host_groups else None
        if fault:
            raise SignatureRefused([(signature.NAME, fault)])
    except InvalidKeys as error:
        options.give_up(error.faults)
    except OSError as error:
        options.give_up([f"{error.filename or folder}: {error.strerror}"])
    except (TreeRefused, SignatureRefused) as refused:
        faults = [f"{folder / name}: {sentence}" for name, sentence in refused.faults]
        if as_json:
            show_json({"signed": False, "faults": faults})
        else:
            show_lines(faults)
        sys.exit(options.REFUSED)
    number = _counted(len(manifest.files))
    summary = {
        "for": manifest.group,
        "version": manifest.version,
        "date": manifest.date,
        "key": manifest.key,
        "files": len(manifest.files),
    }
    signed = f"for {manifest.group}, version {manifest.version} of {manifest.date}"
    line = f"{folder}: {signed}, {number}, key {manifest.key}"
    if as_json:
        show_json({"signed": True, **summary})
    else:
        show_lines([line])


def _counted(files: int) -> str:
    return "1 file" if files == 1 else f"{files} files"


def _files(folder: Path) -> dict[str, bytes]:
    try:
        return tree.read_tree(folder)
    except TreeRefused as refused:
        options.give_up([f"{folder / name}: {sentence}" for name, sentence in refused.faults])
    except OSError as error:
        options.give_up([f"{error.filename or folder}: {error.strerror}"])


def _next_version(folder: Path, last: bytes | None, asked: int | None) -> int:
    """Versions only grow: hosts that had this version refuse an older one."""
    try:
        before = signature.read_version(last) if last is not None else 0
    except SignatureRefused as refused:
        options.give_up([f"{folder / name}: {sentence}; or remove the file" for name, sentence in refused.faults])
    if asked is not None and asked <= before:
        options.give_up([f"{folder}: is already version {before}; use a higher --version, or none"])
    return asked or before + 1


def _create(file: Path, text: bytes, mode: int) -> None:
    """Create a new file: a key is never overwritten."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with open(descriptor, "wb") as opened:
            opened.write(text)
    except OSError as error:
        options.give_up([f"{file}: {error.strerror}; name a new file"])


def _replace(file: Path, text: bytes) -> None:
    try:
        replace_file(file, text, _EVERYBODY)
    except OSError as error:
        options.give_up([f"{file}: {error.strerror}"])
