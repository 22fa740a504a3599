"""How long the labels and variables of a request are: they stand in each list of dockerd, which everybody reads."""

from collections.abc import Iterable, Mapping

from portero.values.json_types import JSON, Fact


def measure_labels(fields: Iterable[tuple[str, JSON]]) -> Fact:
    """The bytes of labels (a map) and variables (a list), by their place in the request; `at` is the longest one."""
    sizes = {at: _measure(value) for at, value in fields}
    return {"value": sum(sizes.values()), "at": max(sizes, key=lambda at: sizes[at])}


def _measure(value: JSON) -> int:
    texts = [*value, *value.values()] if isinstance(value, Mapping) else value if isinstance(value, list) else []
    return sum(len(text.encode()) for text in texts if isinstance(text, str))
