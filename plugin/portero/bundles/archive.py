"""A policy folder as one file (tar, gzip), the same bytes for the same files.

What comes back from a network is unpacked into memory by the rules of this module alone: regular files with plain
relative names, each once, no more and no larger than a policy can be. Nothing is written here.
"""

import gzip
import io
import re
import tarfile
import zlib
from collections.abc import Mapping

from portero.bundles.tar_reader import ArchiveRefused, read_tar
from portero.signing.tree import LARGEST

# Bytes of the file itself, and names in it.
LARGEST_ARCHIVE = 16 << 20
MOST_FILES = 20_000
_PART = re.compile(r"[^/\0]{1,255}")
_MODE = 0o644


def pack(files: Mapping[str, bytes]) -> bytes:
    """The archive of these files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(files[name]), _MODE
            archive.addfile(entry, io.BytesIO(files[name]))
    return gzip.compress(packed.getvalue(), mtime=0)


def unpack(data: bytes) -> dict[str, bytes]:
    """The files in an archive; raises ArchiveRefused."""
    files: dict[str, bytes] = {}
    for name, content in read_tar(_decompress(data)):
        parts = name.split("/")
        if not all(_PART.fullmatch(part) and part not in (".", "..") for part in parts):
            raise ArchiveRefused("has a name that leads out of the folder, or is none")
        above = ("/".join(parts[:end]) for end in range(1, len(parts) + 1))
        if len(files) >= MOST_FILES or any(part in files for part in above):
            raise ArchiveRefused(f"{name}: is there twice, or is one file too many")
        files[name] = content
    return files


def _decompress(data: bytes) -> bytes:
    """At most as much as a policy can be with its headers, whatever the compressed bytes claim."""
    most = LARGEST + MOST_FILES * 1024
    reader = zlib.decompressobj(wbits=31)  # 31: gzip
    try:
        plain = reader.decompress(data, most)
    except zlib.error as error:
        raise ArchiveRefused("is not compressed with gzip: build it with `portero bundle build`") from error
    if reader.unconsumed_tail:
        raise ArchiveRefused(f"holds more than {LARGEST >> 20} MiB, which no policy does")
    if not reader.eof or reader.unused_data:
        raise ArchiveRefused("is cut off, or has something behind its end: build or fetch it again")
    return plain
