"""The modules of docs/ (pictures, prose, the site, pages of rules), and the rooms that docs/architecture.txt lists."""

import sys

from tests.paths import ROOT

sys.path.insert(0, str(ROOT / "docs"))

import guide_coverage
import make_site
import pictures
import prose
import rule_pages
from architecture import TEXT, Room, rooms, svg

ROOMS = rooms(TEXT.read_text())
__all__ = ["ROOMS", "Room", "guide_coverage", "make_site", "pictures", "prose", "rooms", "rule_pages", "svg"]
