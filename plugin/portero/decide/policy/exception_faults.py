"""What is wrong with an exception file: its shape, its match, and what it names."""

from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import date
from typing import cast

from portero.decide.policy.dialect import find_keyword_faults
from portero.decide.policy.exception_match import pins_image, pins_user
from portero.decide.policy.folder import Folder
from portero.decide.policy.json_files import find_faults
from portero.decide.values import image_names
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_types import JSON
from portero.decide.values.refusals import CODES
from portero.decide.values.spelling import suggest_name

SELF_PROTECTION = "self-protection"
# Of these rules, those that an exception may waive for what it pins: a monitor reads Docker's data.
FOR_PINNED_IMAGES = frozenset({"docker-data"})
# A tool such as Traefik or Portainer uses Docker's socket.
SOCKETS = "no-daemon-sockets"
_CONDITION = '{"properties": {"identity": {"properties": {"user": {"const": "alicia"}}}}}'


@dataclass(frozen=True, slots=True)
class RuleIds:
    """The rules of all folders by what an exception may do with them, sorted."""

    all: tuple[str, ...]
    protected: frozenset[str]
    of_the_host: frozenset[str]

    @classmethod
    def of(cls, contents: Sequence[Folder]) -> "RuleIds":
        """Found once for all exceptions."""
        files = [file for folder in contents for file in folder.rules]
        # A rule keeps its protection when a later folder puts it under another topic.
        protected = (file.stem for file in files if file.parent.name == SELF_PROTECTION)
        of_the_host = (file.stem for folder in contents for file in folder.host)
        return cls(tuple(sorted({file.stem for file in files})), frozenset(protected), frozenset(of_the_host))


def make_match_schemas(dialect: Mapping[str, JSON]) -> tuple[Mapping[str, JSON], ...]:
    """The schemas of a match: it has the keywords of a rule, and states a condition. Made once for all exceptions."""
    return {"$ref": "#/$defs/schema", "$defs": dialect["$defs"]}, {name: dialect[name] for name in ("anyOf", "cure")}


def find_file_faults(
    content: Mapping[str, JSON],
    schema: Mapping[str, JSON],
    conditions: Sequence[Mapping[str, JSON]],
    references: Set[str],
) -> Iterator[str]:
    """One sentence for each fault of a file by itself. `conditions`: of `make_match_schemas`."""
    wrong = list(find_faults(dict(content), schema))
    if wrong:
        yield from wrong
        return
    match = cast(dict[str, JSON], content["match"])
    if not match:
        yield f"match: state a condition, such as {_CONDITION}; an empty one would match every request"
        return
    wrong = next((faults for one in conditions if (faults := list(find_faults(match, one)))), [])
    wrong = wrong or [*find_keyword_faults(match, references), *image_names.list_faults(match)]
    yield from (f"match: {fault}" for fault in wrong)
    try:
        date.fromisoformat(cast(str, content["expires"]))
    except ValueError:
        yield "expires: not a valid date: write YYYY-MM-DD"


def find_rule_faults(content: Mapping[str, JSON], rules: RuleIds) -> Iterator[str]:
    """One sentence for each rule that nothing waives, or that there is not."""
    for id in cast(list[str], content["rules"]):
        if id in CODES:
            yield f"rules: '{id}' is a refusal code, which nothing waives: take it out"
        elif id in FOR_PINNED_IMAGES:
            if not pins_image(content["match"]):
                yield f"rules: '{id}' needs an image by digest: add facts.image.digest to match, with a whole digest"
        elif id == SOCKETS:
            if not (pins_image(content["match"]) or pins_user(content["match"])):
                yield (
                    f"rules: '{id}' needs an image by digest, or a user: add facts.image.digest with a whole digest, "
                    "or identity.user, to match"
                )
        elif id in rules.protected:
            yield f"rules: '{id}' protects Portero itself, which nothing waives: take it out"
        elif id in rules.of_the_host and id not in rules.all:
            yield f"rules: '{id}' judges the host, not requests: set its action in site.json"
        elif id not in rules.all:
            yield f"rules: unknown rule '{id}'{suggest_name(id, rules.all)}"
