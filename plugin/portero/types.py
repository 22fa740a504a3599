"""The type aliases that many modules share."""

from typing import TypeAlias

# A JSON value. The quotes are needed: the alias refers to itself.
JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"

# One fact, or one entry of a list of facts: an object that says in `said` where in the request it was said.
Fact: TypeAlias = dict[str, JSON]
