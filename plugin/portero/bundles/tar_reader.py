"""Reads the regular files of a tar archive that a stranger may have made.

Python's tarfile follows negative sizes backwards, recurses for as long as headers extend headers, and searches some of
them for hours. Here every header is read once, forwards, and what `portero bundle build` does not write is refused.
"""

import re
from collections.abc import Iterator

_BLOCK = 512
_EMPTY = bytes(_BLOCK)
_OCTAL = re.compile(rb" *[0-7]{1,11}[ \0]*")
_CHECKSUM = slice(148, 156)
_REGULAR, _EXTENDED = (b"0", b"\0"), b"x"
# A name that needs an extended header has at most 4,096 bytes on Linux.
_LONGEST_EXTENDED = 1 << 14
# What an extended header may say beside the path, and what changes nothing here.
_WITHOUT_EFFECT = frozenset({b"atime", b"comment", b"ctime", b"gid", b"gname", b"mtime", b"uid", b"uname"})


class ArchiveRefused(Exception):
    """One sentence: why these bytes are no bundle."""


def read_tar(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file, in order. Raises ArchiveRefused."""
    place = 0
    extended: dict[bytes, bytes] = {}
    while (header := data[place : place + _BLOCK]) != _EMPTY:
        size = _check(header)
        place += _BLOCK
        content = data[place : place + size]
        if len(content) != size:
            raise _not_tar()
        place += -(-size // _BLOCK) * _BLOCK
        kind = header[156:157]
        if kind == _EXTENDED and not extended and size <= _LONGEST_EXTENDED:
            extended = _records(content)
            continue
        name = _name(header, extended)
        # A regular file whose size or holes another header gives is none for us.
        if kind not in _REGULAR or extended.keys() - _WITHOUT_EFFECT - {b"path"}:
            raise ArchiveRefused(f"{name}: is not a regular file")
        extended = {}
        yield name, content
    if data.count(0, place) != len(data) - place:
        raise _not_tar()


def _check(header: bytes) -> int:
    """The size of what follows a header that is whole."""
    if len(header) != _BLOCK or header[257:262] != b"ustar":
        raise _not_tar()
    plain = sum(header) - sum(header[_CHECKSUM]) + 8 * ord(" ")
    if _number(header[_CHECKSUM]) != plain:
        raise _not_tar()
    return _number(header[124:136])


def _number(field: bytes) -> int:
    if not _OCTAL.fullmatch(field):
        raise _not_tar()
    return int(field.strip(b" \0"), 8)


def _name(header: bytes, extended: dict[bytes, bytes]) -> str:
    parts = (field.partition(b"\0")[0] for field in (header[345:500], header[:100]))
    try:
        return extended.get(b"path", b"/".join(part for part in parts if part)).decode()
    except UnicodeDecodeError as error:
        raise _not_tar() from error


def _records(content: bytes) -> dict[bytes, bytes]:
    """What an extended header says: lines of `length keyword=value`, each as long as it says."""
    records = {}
    while content:
        digits = content[:6].partition(b" ")[0]
        length = int(digits) if digits.isdigit() else 0
        line, content = content[:length], content[length:]
        keyword, equals, value = line[len(digits) + 1 : -1].partition(b"=")
        if length <= len(digits) or len(line) != length or not line.endswith(b"\n") or not equals:
            raise _not_tar()
        records[keyword] = value
    return records


def _not_tar() -> ArchiveRefused:
    return ArchiveRefused("is not a tar archive: build it with `portero bundle build`")
