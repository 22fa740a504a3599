"""Makes requests of examples: what they differ from is the built-in folder's base-requests.json."""

import json
from typing import cast

from portero.judging.judge import Judge
from portero.proof.examples import Examples
from portero.service import resources
from portero.types import JSON


def builtin_examples(judge: Judge) -> Examples:
    """Examples of requests as this judge reads them."""
    base = json.loads((resources.schemas() / "base-requests.json").read_text(encoding="utf-8"))
    return Examples(cast(dict[str, JSON], base), {each.id: each for each in judge.routes.operations}, judge.shapes)
