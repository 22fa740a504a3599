"""Folders, files and links below a folder of a test."""

from pathlib import Path


def lay_out(root: Path, *entries: str) -> None:
    """Make each entry, and the folders above it: `a/b/` is a folder, `a/b` an empty file, `a/b -> target` a link."""
    for entry in entries:
        name, _, target = entry.partition(" -> ")
        place = root / name
        (place if name.endswith("/") else place.parent).mkdir(parents=True, exist_ok=True)
        if target:
            place.symlink_to(target)
        elif not name.endswith("/"):
            place.touch()
