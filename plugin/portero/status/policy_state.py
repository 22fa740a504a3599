"""The policy in force beside its rules: its files, its signatures, and how the last reload went."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from portero.signing.manifest import Manifest

# The files of each policy folder by name, as they were read, its signature among them.
PolicyFiles: TypeAlias = Mapping[Path, Mapping[str, bytes]]


@dataclass(frozen=True, slots=True)
class PolicyState:
    """When the policy in force was loaded, when its folders were last read, and their faults then.

    `new_groups`: groups of which no signed version was known before; `is_first`: nor was the policy before signed.
    `links`: those in the folders.
    """

    loaded: float
    tried: float
    faults: tuple[str, ...]
    signed: Mapping[Path, Manifest]
    files: PolicyFiles
    new_groups: tuple[str, ...] = ()
    changing_since: float | None = None
    links: tuple[str, ...] = ()
    is_first: bool = False
