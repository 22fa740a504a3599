"""The list of sensitive paths in the code is that of the rule."""

import json
import re

from portero.host.sensitive import SENSITIVE
from tests.paths import SCHEMAS

RULE = SCHEMAS / "rules" / "mounts" / "no-sensitive-paths.json"


def test_the_rule_names_the_same_paths() -> None:
    patterns = re.findall(r'"\^/(.*?)\((.*?)\)\(\|/\.\*\)\$"', RULE.read_text(encoding="utf-8"))
    named = {f"/{folder}{name}" for folder, names in patterns for name in json.loads(f'"{names}"').split("|")}

    assert named == {path.replace(".", "\\.") for path in SENSITIVE}
