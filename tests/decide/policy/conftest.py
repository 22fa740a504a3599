"""A small policy: the built-in documents with one rule, and a reader of its faults."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from portero.decide.policy.policy import Policy
from portero.decide.reading.routes import Routes
from portero.observe.stores.policy_loader import load_policy
from tests.paths import SCHEMAS

OPERATIONS = Routes.load(json.loads((SCHEMAS / "operations.json").read_text())).operations
BUILT_IN = ("rule.json", "exception.json", "request.json", "site.json", "site.schema.json", "image-list.json")


def write(folder: Path, name: str, content: Any) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))


def loaded(*folders: Path) -> Policy:
    return load_policy(folders, OPERATIONS)


@pytest.fixture
def built_in(tmp_path: Path, written: dict[str, Any], values: dict[str, Any]) -> Path:
    folder = tmp_path / "schemas"
    write(folder, "rules/privileges/no-privileged.json", written)
    for name in BUILT_IN:
        shutil.copy(SCHEMAS / name, folder / name)
    # An action that ships would be of a rule that is not here.
    write(folder, "site.json", values | {"actions": {}})
    return folder
