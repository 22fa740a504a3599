"""The type aliases that many modules share."""

from typing import TypeAlias

# A JSON value. The quotes are needed: the alias refers to itself.
JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"

# One fact, or one entry of a list of facts: an object with its place in the request in `at`.
Fact: TypeAlias = dict[str, JSON]
