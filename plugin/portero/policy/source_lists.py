"""Faults between the site's lists of host paths: one can undo what another allows."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import cast

from portero.types import JSON


def nested_sources(values: Mapping[str, JSON]) -> list[str]:
    """A fault for each listed source below a listed writable one: a container can replace it by a link."""
    lists = ("bind-sources-read-only", "bind-sources-writable", "bind-sources")
    listed = {key: cast(list[str], values[key]) for key in lists if key in values}
    writable = set(listed.get("bind-sources-writable", []))
    return [
        f"{key}: {path} lies below {parent}, which bind-sources-writable lists: "
        f"a container that writes to {parent} could replace it; remove one of the two"
        for key, paths in listed.items()
        for path in paths
        for parent in map(str, PurePosixPath(path).parents)
        if parent in writable
    ]
