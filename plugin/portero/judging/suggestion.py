"""What a refused user may try instead: the proposals of all violated rules in one command.

A request document and its denials in; a changed request and its changes as text out. The text has values of the site
and of the rules, never the request's. The judge shows a suggestion only after it has judged and allowed it.
"""

import re
import shlex
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TypeAlias

from portero.decision import Violation
from portero.facts.fields import child
from portero.flags import compose
from portero.flags.docker import Spelling, spelling
from portero.flags.edits import Document, Network, SetField, Violated
from portero.flags.image_name import ImageForm
from portero.flags.proposal import Proposal
from portero.policy.policy import Policy

# A longer suggestion is not shown, and a request that is refused at more places gets none.
MOST_CHARACTERS = 1000
MOST_DENIALS = 48
_COMMANDS: Mapping[str, str] = {
    "ContainerCreate": "docker run",
    "ContainerUpdate": "docker update",
    "ContainerExec": "docker exec",
    "ServiceCreate": "docker service create",
    "ServiceUpdate": "docker service update",
    "NetworkCreate": "docker network create",
    "ImageCreate": "docker pull",
}
# The part of a compose file that makes these calls.
_COMPOSED: Mapping[str, str] = {"ContainerCreate": "service", "ImageCreate": "service", "NetworkCreate": "network"}
# Words in capitals that the user fills in.
_YOURS = re.compile(r"\b(NAME|TAG|DIGEST|NETWORK|PATH|PORT)\b")

# A flag with its value; a flag and where it is dropped.
_Added: TypeAlias = tuple[str, Spelling, str]
_Dropped: TypeAlias = tuple[str, Spelling, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`document`: the changed request, its facts those of the old one. `words`: the changes as text, for each tool."""

    document: Document
    words: Mapping[str, str]


def suggest(document: Document, denials: Sequence[Violation], policy: Policy) -> Suggestion | None:
    """The suggestion for a request with these denials; None when a violated rule proposes nothing."""
    operation = str(document["operation"])
    proposals = _proposals(denials, policy) if operation in _COMMANDS and len(denials) <= MOST_DENIALS else None
    if proposals is None:
        return None
    changed = dict(document)
    dropped = _drop(changed, operation, [(proposal, violation.at) for proposal, violation in proposals])
    added = _add(changed, operation, [proposal for proposal, _ in proposals])
    image = _image(changed, [proposal.image for proposal, _ in proposals])
    if not (added or dropped or image):
        return None
    words = {"docker": _docker(operation, added, dropped, image)}
    if operation in _COMPOSED:
        words |= _compose(_COMPOSED[operation], added, dropped, image)
    return Suggestion(changed, {tool: text for tool, text in words.items() if len(text) <= MOST_CHARACTERS})


def _proposals(denials: Sequence[Violation], policy: Policy) -> list[tuple[Proposal, Violation]] | None:
    found = []
    for violation in denials:
        proposal = policy.proposal(violation.rule)
        if proposal is None:
            return None
        found.append((proposal, violation))
    return found


def _drop(document: Document, operation: str, proposals: Iterable[tuple[Proposal, str]]) -> list[_Dropped]:
    violated = defaultdict[str, set[str]](set)
    for proposal, at in proposals:
        for flag in proposal.drop:
            violated[flag].add(at)
    dropped = []
    for flag, named in violated.items():
        spelt = spelling(operation, flag)
        where = spelt.edit.drop(document, Violated(named)) if spelt is not None else None
        if spelt is not None and where is not None:
            dropped.append((flag, spelt, where))
    return dropped


def _add(document: Document, operation: str, proposals: Iterable[Proposal]) -> list[_Added]:
    chosen: dict[tuple[str, str], _Added] = {}
    for flag, value in (added for proposal in proposals for added in proposal.add):
        spelt = spelling(operation, flag)
        if spelt is None:
            continue
        key = flag, _repeated(spelt, value)
        # Of two values for one flag the definite one wins, otherwise that of the worse level.
        if key not in chosen or (_YOURS.search(chosen[key][2]) and not _YOURS.search(value)):
            chosen[key] = flag, spelt, value
    return [added for added in chosen.values() if _changes(document, added)]


def _repeated(spelt: Spelling, value: str) -> str:
    """What tells one use of a flag from another one beside it; empty for a flag that is used once."""
    return "" if isinstance(spelt.edit, SetField | Network) else re.split("[=:]", value, maxsplit=1)[0]


def _changes(document: Document, added: _Added) -> bool:
    before = document["body"]
    _, spelt, value = added
    spelt.edit.add(document, value)
    return document["body"] != before


def _image(document: Document, forms: Iterable[ImageForm]) -> str:
    """The form of the image's name, which is put into the document; empty when any name is allowed, or there is none.

    (An import has only the name that it gives.)
    """
    wanted = reduce(or_, forms, ImageForm())
    return str(wanted.put(document)) if wanted != ImageForm() and "image" in child(document, "facts") else ""


def _docker(operation: str, added: Sequence[_Added], dropped: Sequence[_Dropped], image: str) -> str:
    flags = [spelt.written(_quoted(value)) for _, spelt, value in added]
    if image and operation == "ServiceUpdate":
        flags, image = [*flags, f"--image {image}"], ""
    rest = [] if operation == "ImageCreate" else ["..."]
    line = " ".join([_COMMANDS[operation], *flags, *rest, *([image] if image else [])])
    return line + _without([(spelt.flag, at) for _, spelt, at in dropped]) + _yours(line)


def _quoted(value: str) -> str:
    return shlex.quote(value) if value and not _YOURS.search(value) else value


def _compose(of: str, added: Sequence[_Added], dropped: Sequence[_Dropped], image: str) -> dict[str, str]:
    """The text under the name of the tool; {} where compose has no key for one of the changes."""
    try:
        keys = compose.spell_keys([(flag, value) for flag, _, value in added], {"image": image} if image else {})
        gone = [(compose.without(flag), at) for flag, _, at in dropped]
    except LookupError:
        return {}
    # A service names only networks that the file knows, and no network_mode beside them.
    networks = [value for flag, _, value in added if flag == "--network"]
    top = f", at its top {compose.known(networks)}, without network_mode" if networks else ""
    line = f"the {of} in the compose file with {keys or '...'}{top}"
    return {"compose": line + _without(gone) + _yours(line)}


def _without(names: Sequence[tuple[str, Sequence[str]]]) -> str:
    dropped = [f"{name} ({', '.join(at)})" if at else name for name, at in names]
    return f", without {', '.join(dropped)}" if dropped else ""


def _yours(line: str) -> str:
    words = list(dict.fromkeys(_YOURS.findall(line)))
    return f"; {', '.join(words)}: yours to fill in" if words else ""
