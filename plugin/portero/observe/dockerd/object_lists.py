"""Reads a long JSON list of objects piece by piece, and keeps the fields that are needed.

Labels, commands and variables of containers and services can make a list longer than anything that is worth holding.
"""

import codecs
import json
from collections.abc import Iterator, Mapping
from io import BufferedIOBase
from typing import TypeAlias, cast

from portero.decide.values.json_fields import JSON

# The names of fields, each with what is needed of an object in it, or of each in a list there; None: all of it.
Wanted: TypeAlias = "Mapping[str, Wanted | None]"

_FIRST_BYTES = 1 << 16
# One object: dockerd takes bodies of 4 MiB, and shows some fields of them twice.
_MAX_TEXT = 16 << 20
_SPACE = " \t\r\n"
_scan = json.JSONDecoder().raw_decode


def read_list(source: BufferedIOBase, wanted: Wanted) -> list[Mapping[str, JSON]]:
    """The objects in a JSON list, each with the wanted fields. ValueError: it is no such list, or one is too long."""
    return [_select_fields(each, wanted) for each in _read_each(source)]


def _select_fields(listed: Mapping[str, JSON], wanted: Wanted) -> dict[str, JSON]:
    selected = {name: listed[name] for name in wanted if name in listed}
    for name, inner in wanted.items():
        value = selected.get(name)
        if inner is not None and isinstance(value, dict):
            selected[name] = _select_fields(value, inner)
        elif inner is not None and isinstance(value, list):
            selected[name] = [_select_fields(each, inner) if isinstance(each, dict) else each for each in value]
    return selected


def _read_each(source: BufferedIOBase) -> Iterator[Mapping[str, JSON]]:
    text = _Text(source)
    text.take("[")
    if text.see("{]") == "{":
        yield text.take_object()
        while text.take(",]") == ",":
            yield text.take_object()
    else:
        text.take("]")
    if text.has_more():
        raise ValueError("more than a JSON list")


class _Text:
    """What came and was not taken. Each method raises ValueError where something else comes, or nothing."""

    def __init__(self, source: BufferedIOBase) -> None:
        self._source = source
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._text = ""

    def see(self, expected: str) -> str:
        """The next character that is no space, one of these."""
        while not self._text:
            self._text = self._read(_FIRST_BYTES).lstrip(_SPACE)
        if self._text[0] not in expected:
            raise ValueError("not a JSON list of objects")
        return self._text[0]

    def take(self, expected: str) -> str:
        character = self.see(expected)
        self._text = self._text[1:].lstrip(_SPACE)
        return character

    def take_object(self) -> Mapping[str, JSON]:
        self.see("{")
        while True:
            try:
                value, end = _scan(self._text)
            except RecursionError as error:
                raise ValueError("nested too deep") from error
            except json.JSONDecodeError:
                # It has not come in whole. Each time twice as much is there: it is not scanned over and over again.
                if len(self._text) > _MAX_TEXT:
                    raise
                self._text += self._read(max(len(self._text), _FIRST_BYTES))
            else:
                if end > _MAX_TEXT:
                    raise ValueError("an object that is too long")
                self._text = self._text[end:].lstrip(_SPACE)
                return cast(Mapping[str, JSON], value)

    def has_more(self) -> bool:
        return bool(self._text or self._source.read(_FIRST_BYTES).strip())

    def _read(self, amount: int) -> str:
        if not (data := self._source.read(amount)):
            raise ValueError("a JSON list that does not end")
        return self._decode(data)
