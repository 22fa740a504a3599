"""What is known of the policy in force beside the policy itself: its files, and how the last reload went."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from portero.signing.manifest import Manifest

# The files of each policy folder by name, as they were read, its signature among them.
Held: TypeAlias = Mapping[Path, Mapping[str, bytes]]


@dataclass(frozen=True, slots=True)
class PolicyState:
    """When the policy in force was loaded, when its folders were last read, and their faults then.

    `first_seen`: groups of which no signed version was known before; `changing`: since when the folders keep changing.
    `links`: those in the folders.
    """

    loaded: float
    tried: float
    faults: tuple[str, ...]
    signed: Mapping[Path, Manifest]
    held: Held
    first_seen: tuple[str, ...] = ()
    changing: float | None = None
    links: tuple[str, ...] = ()
