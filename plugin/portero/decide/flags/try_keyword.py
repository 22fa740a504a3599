"""What a rule proposes to a refused user (`try`): flags to add and to drop, and changes of a mount.

`{key}` stands for a value of the site, `{--memory}` for the value that this flag then has, `{.label}` for one of the
fact that fails.
"""

import re
from collections.abc import Iterator, Mapping, Set
from typing import cast

from portero.decide.flags.docker import FLAGS, list_spellings
from portero.decide.flags.edits import NONE
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON
from portero.decide.values.spelling import suggest_name

_PLACEHOLDER, _OF_FACT = re.compile(r"\{([^{}]*)\}"), "."


def find_flag(value: str) -> str:
    """The flag whose value stands for this one: {--memory} -> --memory; empty where the value stands for itself."""
    named = _PLACEHOLDER.fullmatch(value)
    return named[1] if named is not None and named[1] in FLAGS else ""


def find_fact(value: str) -> str:
    """The name of the value of the fact that fails: {.label} -> label; empty where the value stands for itself."""
    named = _PLACEHOLDER.fullmatch(value)
    return named[1][1:] if named is not None and named[1].startswith(_OF_FACT) else ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """`try` of one rule. `add`: flags and values, still with placeholders. `change`: what to try before a mount is
    dropped (portero.decide.flags.mount_flags).
    """

    add: tuple[tuple[str, str], ...]
    drop: tuple[str, ...]
    change: tuple[str, ...] = ()

    @classmethod
    def of(cls, written: Mapping[str, JSON]) -> "Proposal":
        """The proposal as a rule file without faults writes it."""
        flags = [flag.partition(" ") for flag in cast("list[str]", written.get("add", []))]
        return cls(
            tuple((name, value) for name, _, value in flags),
            tuple(cast("list[str]", written.get("drop", []))),
            tuple(cast("list[str]", written.get("change", []))),
        )

    def fill(self, site: Mapping[str, JSON]) -> "Proposal | None":
        """The same with the site's values; None where one of them is an empty list, which proposes nothing."""
        if any(site.get(key) == [] for _, value in self.add for key in _PLACEHOLDER.findall(value)):
            return None
        return Proposal(tuple((flag, _fill(value, site)) for flag, value in self.add), self.drop, self.change)


def find_faults(written: Mapping[str, JSON], keys: Set[str]) -> Iterator[str]:
    """What is wrong with a `try` whose shape is right: flags and placeholders that do not exist. `keys`: the site's."""
    added = cast("list[str]", written.get("add", []))
    dropped = cast("list[str]", written.get("drop", []))
    for flag in [*(one.partition(" ")[0] for one in added), *dropped]:
        if flag not in FLAGS:
            yield f"try: '{flag}' cannot be proposed{suggest_name(flag, sorted(FLAGS))}"
    for text in added:
        for key in _PLACEHOLDER.findall(text):
            if key not in keys and key not in FLAGS and not key.startswith(_OF_FACT):
                yield f"try: '{{{key}}}' is not in site.json{suggest_name(key, sorted(keys))}"


def find_value_faults(proposal: Proposal, site: Mapping[str, JSON]) -> Iterator[str]:
    """Values that the flags do not take, once the site's are filled in."""
    try:
        filled = proposal.fill(site)
    except TypeError:
        yield "try: a placeholder stands for no text, number or list of them: name another key"
        return
    for flag, value in filled.add if filled is not None else ():
        for spelling in list_spellings(flag) if "{" not in value else ():
            try:
                spelling.edit.add({}, value, NONE)
            except ValueError:
                yield f"try: {flag} does not take the value: write it as docker takes it"
                break


def _fill(text: str, site: Mapping[str, JSON]) -> str:
    return _PLACEHOLDER.sub(
        lambda match: match[0] if match[1] in FLAGS or match[1].startswith(_OF_FACT) else _write_value(site[match[1]]),
        text,
    )


def _write_value(value: JSON) -> str:
    if isinstance(value, list):
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError(type(value).__name__)
    return f"{value:.15g}" if isinstance(value, float) else str(value)
