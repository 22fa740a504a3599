"""Where the checkout keeps what tests read."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "plugin" / "portero"
SCHEMAS = ROOT / "schemas"
TESTS = ROOT / "tests"
CAPTURES = TESTS / "captures"
CORPUS = TESTS / "corpus"
