"""A small JSON file in which one process notes what later ones need: written whole or not at all, in one format."""

import json
from collections.abc import Mapping
from pathlib import Path

from portero.files.whole_files import read_regular_file, write_whole
from portero.values.json_objects import unique_names
from portero.values.json_types import JSON


def read_state(file: Path, version: int) -> dict[str, JSON] | None:
    """What was written last in this version of the format; None before the first time.

    Raises OSError, and ValueError with a sentence that begins with the file.
    """
    try:
        document = json.loads(read_regular_file(file), object_pairs_hook=unique_names)
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file}: is not as portero writes it") from error
    if not isinstance(document, dict) or document.pop("format", None) != version:
        raise ValueError(f"{file}: is not of format {version}, the one that this portero reads")
    return document


def write_state(file: Path, version: int, content: Mapping[str, JSON], mode: int) -> None:
    """Put this in the place of what was written last. Raises OSError."""
    text = json.dumps({"format": version, **content}, indent=2) + "\n"
    write_whole(file, text.encode(), mode, synced=True)
