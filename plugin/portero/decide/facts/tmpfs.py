"""Options of a tmpfs: a list of options in, size and writability out.

The last of several wins (moby/sys mount/flags_unix.go, MergeTmpfsOptions).
"""

import re
from collections.abc import Mapping, Sequence

from portero.decide.reading.body_decoder import MAX_ENTRIES
from portero.decide.values.json_fields import JSON, child, flag, integer, items, texts
from portero.decide.values.refusals import Refused

# What the kernel's memparse reads (lib/cmdline.c): a 64-bit number to base 8, 10 or 16 and one suffix.
_SIZE = re.compile(r"(0[xX][0-9a-fA-F]{1,16}|0[0-7]{0,22}|[1-9][0-9]{0,19})([kKmMgGtTpPeE]?)")
_SUFFIXES = " kmgtpe"
_MAX_SIZE = 2**63 - 1


def split_options(options: str, at: str) -> list[str]:
    """The options of one comma-separated list. Refused (body-too-many): they are more than a list of a body may have.

    The layers of an overlay count too. mount(2) takes a page of them, 4 KiB.
    """
    if options.count(",") + options.count(":") >= MAX_ENTRIES:
        raise Refused("body-too-many", at)
    return options.split(",") if options else []


def is_read_only(options: Sequence[str]) -> bool:
    """Whether the last of ro and rw is ro."""
    return next((option == "ro" for option in reversed(options) if option in ("ro", "rw")), False)


def find_size(options: Sequence[str]) -> int | None:
    """The limit in bytes; None when there is none, or when it depends on the host.

    size=0 is no limit, a percentage counts from the host's memory, and nr_blocks competes with size (mm/shmem.c).
    """
    if any(option.startswith("nr_blocks=") for option in options):
        return None
    last = next((option for option in reversed(options) if option.startswith("size=")), "")
    return parse_size(last.removeprefix("size="))


def parse_size(text: str) -> int | None:
    """A size in the kernel's spelling in bytes; None when it is no limit or no such number."""
    match = _SIZE.fullmatch(text)
    if match is None:
        return None
    number, suffix = match.groups()
    # Python wants 0o where C has a bare 0.
    base = 16 if number[:2] in ("0x", "0X") else 8 if number[0] == "0" else 10
    count = int(number, base) << 10 * _SUFFIXES.index(suffix.lower() or " ")
    return count if 0 < count <= _MAX_SIZE else None


def list_options(entry: Mapping[str, JSON]) -> list[str]:
    """The options of a Mounts entry of type tmpfs, spelled as dockerd hands them to the kernel.

    In its order: ro, mode, size, then Options (moby volume/mounts/linux_parser.go, ConvertTmpfsOptions).
    """
    more = items(child(entry, "TmpfsOptions"), "Options")
    return [*_list_fields(entry), *("=".join(texts({"Options": option}, "Options")) for option in more)]


def read_entry_limits(entry: Mapping[str, JSON]) -> tuple[bool, int | None]:
    """Whether a Mounts entry of type tmpfs is writable, and its limit in bytes; None: there is none.

    Daemons before API 1.46 ignore Options, and 28.5 takes no more than exec and noexec there (measured). So Options
    never make a mount smaller or read-only; where they make it larger or writable, they count.
    """
    fields, every = _list_fields(entry), list_options(entry)
    alone, together = find_size(fields), find_size(every)
    size = None if alone is None or together is None else max(alone, together)
    return not (is_read_only(fields) and is_read_only(every)), size


def _list_fields(entry: Mapping[str, JSON]) -> list[str]:
    options = child(entry, "TmpfsOptions")
    mode, limit = integer(options, "Mode") or 0, integer(options, "SizeBytes") or 0
    fields = {"ro": flag(entry, "ReadOnly"), f"mode={mode:o}": mode, f"size={limit}": limit}
    return [option for option, is_set in fields.items() if is_set]
