"""docs/architecture.py and docs/pictures.py, which draw pictures, and the groups that docs/architecture.txt lists."""

import sys

from tests.paths import ROOT

sys.path.insert(0, str(ROOT / "docs"))

import pictures
from architecture import TEXT, Group, groups, svg

GROUPS = groups(TEXT.read_text())
__all__ = ["GROUPS", "Group", "groups", "pictures", "svg"]
