"""The modules of docs/ (pictures, prose, the site), and the groups that docs/architecture.txt lists."""

import sys

from tests.paths import ROOT

sys.path.insert(0, str(ROOT / "docs"))

import make_site
import pictures
import prose
from architecture import TEXT, Group, groups, svg

GROUPS = groups(TEXT.read_text())
__all__ = ["GROUPS", "Group", "groups", "make_site", "pictures", "prose", "svg"]
