"""One rule as it is in force: what it asks for, of which operations, at which level, and its words for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal, cast

from portero.flags.proposal import Proposal
from portero.types import JSON

Level = Literal["baseline", "hardened", "restricted", "advisory"]

# What a rule file holds beside the condition itself.
_ABOUT = frozenset(
    {
        "$schema",
        "dialect",
        "title",
        "reason",
        "remedy",
        "level",
        "reports",
        "threats",
        "sources",
        "operations",
        "allows",
        "denies",
        "try",
    }
)


@dataclass(frozen=True, slots=True)
class Example:
    """A command and how its request differs from the operation's base request."""

    command: str
    operation: str
    changes: Mapping[str, JSON]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule file, read. `schema` is the condition alone."""

    id: str
    topic: str
    file: str
    title: str
    reason: str
    remedy: Mapping[str, str]
    level: Level
    reports: Level | None
    threats: tuple[str, ...]
    sources: tuple[str, ...]
    operations: tuple[str, ...]
    schema: Mapping[str, JSON]
    allows: tuple[Example, ...]
    denies: tuple[Example, ...]
    proposal: Proposal | None

    @classmethod
    def of(cls, file: PurePath, content: Mapping[str, JSON]) -> "Rule":
        """The rule in a file without faults (dialect.rule_faults); its name is the id, its folder the topic."""
        operations = cast(list[str], content["operations"])
        return cls(
            id=file.stem,
            topic=file.parent.name,
            file=str(file),
            title=cast(str, content["title"]),
            reason=cast(str, content["reason"]),
            remedy=cast(dict[str, str], content["remedy"]),
            level=cast(Level, content["level"]),
            reports=cast("Level | None", content.get("reports")),
            threats=tuple(cast(list[str], content["threats"])),
            sources=tuple(cast(list[str], content["sources"])),
            operations=tuple(operations),
            schema={keyword: value for keyword, value in content.items() if keyword not in _ABOUT},
            allows=_examples(content["allows"], operations[0]),
            denies=_examples(content["denies"], operations[0]),
            proposal=Proposal.of(cast(dict[str, JSON], content["try"])) if "try" in content else None,
        )


def _examples(content: JSON, operation: str) -> tuple[Example, ...]:
    examples = cast(dict[str, dict[str, JSON]], content)
    return tuple(
        Example(command, cast(str, changes.get("operation", operation)), changes)
        for command, changes in examples.items()
    )
