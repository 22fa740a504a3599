"""The JSON objects of tokens and key sets: names that occur twice and numbers that JSON does not know are errors."""

import json

from portero.strict_json import refuse_constant, unique_names
from portero.types import JSON


def parse_object(data: bytes) -> dict[str, JSON]:
    """The JSON object in UTF-8 bytes; raises ValueError for anything else, RecursionError for one too deep."""
    document = json.loads(data.decode(), object_pairs_hook=unique_names, parse_constant=refuse_constant)
    if not isinstance(document, dict):
        raise ValueError("not a JSON object")
    return document
