"""What a rule proposes to a refused user (`try`): flags to add and to drop, the form of the image's name.

`{key}` stands for a value of the site, capitals stand for what only the person knows (NAME, PATH).
"""

import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from typing import cast

from portero.flags.docker import FLAGS, spellings
from portero.flags.image_name import ImageForm
from portero.spelling import close_to
from portero.types import JSON

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class NoValue(Exception):
    """The site has no value for a placeholder: an empty list proposes nothing."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """`try` of one rule. `add`: flags and values, still with placeholders."""

    add: tuple[tuple[str, str], ...]
    drop: tuple[str, ...]
    image: ImageForm

    @classmethod
    def of(cls, written: Mapping[str, JSON]) -> "Proposal":
        """The proposal as a rule file without faults writes it."""
        flags = [flag.partition(" ") for flag in cast(list[str], written.get("add", []))]
        return cls(
            tuple((name, value) for name, _, value in flags),
            tuple(cast(list[str], written.get("drop", []))),
            ImageForm.of(cast(str, written.get("image", "NAME"))),
        )

    def filled(self, site: Mapping[str, JSON]) -> "Proposal":
        """The same with the site's values; raises NoValue."""
        return Proposal(
            tuple((flag, _filled(value, site)) for flag, value in self.add),
            self.drop,
            replace(self.image, registry=_filled(self.image.registry, site)),
        )


def faults(written: Mapping[str, JSON], keys: Set[str]) -> Iterator[str]:
    """What is wrong with a `try` whose shape is right: flags and placeholders that do not exist. `keys`: the site's."""
    added = cast(list[str], written.get("add", []))
    dropped = cast(list[str], written.get("drop", []))
    for flag in [*(one.partition(" ")[0] for one in added), *dropped]:
        if flag not in FLAGS:
            yield f"try: '{flag}' cannot be proposed{close_to(flag, sorted(FLAGS))}"
    for text in [*added, cast(str, written.get("image", ""))]:
        for key in _PLACEHOLDER.findall(text):
            if key not in keys:
                yield f"try: '{{{key}}}' is not in site.json{close_to(key, sorted(keys))}"


def value_faults(proposal: Proposal, site: Mapping[str, JSON]) -> Iterator[str]:
    """Values that the flags do not take, once the site's are filled in."""
    try:
        filled = proposal.filled(site)
    except NoValue:
        return
    except TypeError:
        yield "try: a placeholder stands for no text, number or list of them: name another key"
        return
    for flag, value in filled.add:
        for spelling in spellings(flag):
            try:
                spelling.edit.add({}, value)
            except ValueError:
                yield f"try: {flag} does not take the value: write it as docker takes it"
                break


def _filled(text: str, site: Mapping[str, JSON]) -> str:
    return _PLACEHOLDER.sub(lambda match: _text(site[match[1]]), text)


def _text(value: JSON) -> str:
    if isinstance(value, list):
        if not value:
            raise NoValue
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError(type(value).__name__)
    return f"{value:.15g}" if isinstance(value, float) else str(value)
