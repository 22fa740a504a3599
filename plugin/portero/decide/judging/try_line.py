"""The `try:` line of a denial, which a user can apply unchanged, and the changes of a request in it.

`docker run FLAG VALUE … …  (instead of F, F; without F, F)`: what stands between the command and the last … goes right
behind the command; the flags in the brackets, if any, go. A plugin cannot know how a flag was typed: each is named
`-x VALUE` where docker has a short form, else `--flag VALUE`.
"""

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence

from portero.decide.flags import compose_syntax, docker
from portero.decide.flags.edits import Change
from portero.decide.values.dataclass import dataclass, field, replace
from portero.decide.values.denial_parts import Proposed, Typed

# A flag as `docker run` names it, and its value.
Flag = tuple[str, str]
# A longer line is not shown.
MAX_CHARACTERS = 1000
_REST = "…"
COMMANDS: Mapping[str, str] = {
    "ContainerCreate": "docker run",
    "ContainerUpdate": "docker update",
    "ContainerExec": "docker exec",
    "ServiceCreate": "docker service create",
    "ServiceUpdate": "docker service update",
    "NetworkCreate": "docker network create",
    "VolumeCreate": "docker volume create",
    "ImageBuild": "docker build",
}
# The part of a compose file that makes these calls.
_COMPOSED: Mapping[str, str] = {"ContainerCreate": "service", "NetworkCreate": "network", "VolumeCreate": "volume"}
# What may also be an option of `docker compose run`: the request does not show which of the two it was.
_RUN_OPTIONS: Mapping[str, str] = {
    "--cap-add": "--cap-add",
    "--cap-drop": "--cap-drop",
    "--publish": "-p",
    "--user": "-u",
    "--volume": "-v",
    "--workdir": "-w",
}
_NEEDS_QUOTES = re.compile(r"[\s'\"\\$`&|;<>(){}*?!#~]")


@dataclass(slots=True)
class FlagChanges:
    """`added`, `instead` and `without`, each flag once, in order. What was added by one change another can replace."""

    operation: str
    added: dict[Flag, None] = field(default_factory=dict)
    instead: dict[Flag, None] = field(default_factory=dict)
    without: dict[Flag, None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.added or self.instead or self.without)

    def note(self, flag: str, change: Change) -> None:
        """Take over what an edit of this flag did; the same change twice counts once."""
        removed = self.instead if change.added else self.without
        for one in [*((flag, value) for value in change.removed), *change.others]:
            if one in self.added:
                del self.added[one]
            else:
                removed[one] = None
        self.added |= dict.fromkeys((flag, value) for value in change.added)

    def write(self, flags: dict[Flag, None]) -> tuple[Typed, ...]:
        """The flags as the command behind the operation spells them."""
        spelt_flags = ((docker.find_spelling(self.operation, flag), value) for flag, value in flags)
        return tuple(
            dict.fromkeys(one for spelt, value in spelt_flags if spelt is not None for one in spelt.write(value))
        )


@dataclass(frozen=True, slots=True)
class Composed:
    """What is made from a compose file. `service`: the one there, where it is known.

    `is_one_off`: by `docker compose run`. `is_stack`: by `docker stack deploy`. `has_limits`: some may stand below
    deploy, which the request does not show.
    """

    service: str = ""
    is_one_off: bool = False
    is_stack: bool = False
    has_limits: bool = False


def propose(changes: FlagChanges, still: Iterable[str], composed: Composed | None = None) -> Proposed | None:
    """The changes as docker takes them, with the line for this user; None where it would be too long.

    `composed`: for a user of a compose file.
    """
    proposed = Proposed(
        command=COMMANDS[changes.operation],
        add=changes.write(changes.added),
        instead=changes.write(changes.instead),
        without=changes.write(changes.without),
        still=tuple(sorted(still)),
    )
    line = write_line(proposed)
    if len(line) > MAX_CHARACTERS:
        return None
    if composed is None:
        return replace(proposed, line=line)
    homes = tuple(_write_compose(changes, composed, deployed=deployed) for deployed in (False, True))
    line = homes[composed.is_stack]
    if composed.has_limits and len({*homes}) > 1:
        line += "; its limits below deploy.resources.limits, where it has those"
    return replace(proposed, line=line, homes=homes)


def write_line(proposed: Proposed) -> str:
    """The line for a user of docker."""
    removed = _spell_brackets(map(_spell_typed, proposed.instead), map(_spell_typed, proposed.without))
    return " ".join([proposed.command, *map(_spell_typed, proposed.add), _REST]) + removed


def _spell_typed(flag: Typed) -> str:
    return " ".join([shlex.quote(word) if _NEEDS_QUOTES.search(word) else word for word in flag])


def _spell_brackets(instead: Iterable[str], without: Iterable[str]) -> str:
    parts = [("instead of", ", ".join(instead)), ("without", ", ".join(without))]
    listed = "; ".join(f"{what} {flags}" for what, flags in parts if flags)
    return f"  ({listed})" if listed else ""


def _write_compose(changes: FlagChanges, composed: Composed, *, deployed: bool) -> str:
    of = "service" if composed.is_stack else _COMPOSED.get(changes.operation)
    if of is None:
        return ""
    try:
        keys = compose_syntax.spell_keys(changes.added, deployed=deployed)
        instead, without = (_spell_dropped(flags, composed) for flags in (changes.instead, changes.without))
    except LookupError:
        return ""
    # A service names only networks that the file knows, and no network_mode beside them.
    networks = [value for flag, value in changes.added if flag == "--network"]
    top = f", at its top {compose_syntax.declare_networks(networks)}, without network_mode" if networks else ""
    what = f"{f'service {composed.service}' if composed.service else f'the {of}'} in the compose file"
    if keys or top:
        line = f"{what} with {keys or _REST}{top}{_spell_brackets(instead, without)}"
    else:
        line = f"{what} without {', '.join(without)}"
    return line if len(line) <= MAX_CHARACTERS else ""


def _spell_dropped(flags: Iterable[Flag], composed: Composed) -> Sequence[str]:
    options = _RUN_OPTIONS if composed.is_one_off else {}
    keys = ((compose_syntax.spell_dropped(flag), options.get(flag, ""), value) for flag, value in flags)
    return [f"{key}{option and f' or docker compose run {option}'} {value}".strip() for key, option, value in keys]
