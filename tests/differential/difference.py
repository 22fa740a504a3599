"""Two readings of one request side by side: where do they differ?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from portero.decide.values.json_fields import JSON


@dataclass(frozen=True, slots=True)
class Difference:
    """What Portero read at a position, and what dockerd made of it; None: nothing."""

    at: str
    read: JSON
    made: JSON

    def __str__(self) -> str:
        return f"{self.at}: portero reads {_short(self.read)}, dockerd makes {_short(self.made)}"


def _short(value: JSON) -> str:
    text = repr(value)
    return text if len(text) < 300 else f"{text[:300]}…"


def significant(value: JSON) -> JSON:
    """The value without Go's zero values, which are the same to dockerd as names that are absent."""
    if isinstance(value, Mapping):
        kept = {name: significant(inner) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if not _is_zero(inner)} or None
    if isinstance(value, list):
        kept_items = [significant(item) for item in value]
        # [0, 0] is the zero of an array of two numbers.
        return None if all(type(item) is int and not item for item in value) else kept_items
    return None if _is_zero(value) else value


def _is_zero(value: JSON) -> bool:
    return value is None or (not isinstance(value, dict | list) and not value)


def compare(read: JSON, made: JSON, at: str = "") -> Iterator[Difference]:
    """Every position at which two values differ; zero values do not count."""
    read, made = significant(read), significant(made)
    if isinstance(read, Mapping) or isinstance(made, Mapping):
        first, second = read or {}, made or {}
        if isinstance(first, Mapping) and isinstance(second, Mapping):
            for name in sorted({*first, *second}):
                yield from compare(first.get(name), second.get(name), f"{at}.{name}" if at else name)
            return
    if isinstance(read, list) and isinstance(made, list) and len(read) == len(made):
        for index, (one, other) in enumerate(zip(read, made, strict=True)):
            yield from compare(one, other, f"{at}[{index}]")
    elif read != made or isinstance(read, bool) != isinstance(made, bool):
        yield Difference(at, read, made)
