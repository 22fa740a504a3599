"""The table of keys knows the fields that rules speak of."""

import json

from portero.compose.api_fields import KEYS
from tests.paths import SCHEMAS


def test_every_field_is_one_of_docker() -> None:
    known = json.dumps([json.loads(file.read_text()) for file in (SCHEMAS / "api").rglob("*.json")])

    assert not [field for field in KEYS if not field.startswith("?") and f'"{field}"' not in known]
