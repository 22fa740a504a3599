"""Writes what was fetched into the folder that the guard reads, one file for each digest."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from portero.files.whole_files import read_regular_file, write_whole
from portero.images import record
from portero.images.record import Record, RecordRefused
from portero.signatures.signature_fetch import merge_records

_MODE = 0o644


def keep_records(folder: Path, records: Mapping[str, Record]) -> None:
    """Put these records there, together with the signatures that were there before. Raises OSError."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    for digest, fetched in records.items():
        file = record.locate(folder, digest)
        kept = merge_records(_read_before(file), fetched)
        while len(text := record.write(kept)) > record.MAX_RECORD and kept.signatures:
            # The first ones fit best.
            kept = replace(kept, signatures=kept.signatures[: len(kept.signatures) // 2])
        if len(text) <= record.MAX_RECORD and text != _read_text(file):
            write_whole(file, text, _MODE, synced=True)


def _read_before(file: Path) -> Record:
    try:
        return record.read(_read_text(file) or b"")
    except RecordRefused:
        return Record()


def _read_text(file: Path) -> bytes | None:
    """What is there; what cannot be read is replaced."""
    try:
        return read_regular_file(file, record.MAX_RECORD)
    except OSError:
        return None
