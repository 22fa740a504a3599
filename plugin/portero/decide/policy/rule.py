"""One rule as it is in force: what it asks for, of which operations, at which level, and its words for people.

And which profile counts for whom, and what a violated rule does under a profile: deny, audit or off.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Literal, NotRequired, TypedDict, cast

from portero.decide.decision import LEVELS
from portero.decide.flags.try_keyword import Proposal
from portero.decide.identity.caller import METHODS, SITE, Identity
from portero.decide.policy.dialect import PROFILES
from portero.decide.policy.wording import fill_site, fill_site_wording, read_wording
from portero.decide.values.dataclass import dataclass, replace
from portero.decide.values.denial_parts import Wording
from portero.decide.values.json_fields import JSON

Level = Literal["baseline", "hardened", "restricted", "advisory"]

# A rule file without faults; what else it holds is the condition itself.
RuleDocument = TypedDict(
    "RuleDocument",
    {
        "$schema": NotRequired[str],
        "dialect": int,
        "title": str,
        "reason": str,
        "remedy": Mapping[str, str],
        "level": Level,
        "reports": NotRequired[Level],
        "threats": list[str],
        "atUse": NotRequired[bool],
        "modeAudit": NotRequired[str],
        "enforcedBy": NotRequired[str],
        "sources": list[str],
        "operations": list[str],
        "allows": Mapping[str, Mapping[str, JSON]],
        "denies": Mapping[str, Mapping[str, JSON]],
        "try": NotRequired[Mapping[str, JSON]],
        "denial": NotRequired[Mapping[str, JSON]],
    },
)
_ABOUT = frozenset(RuleDocument.__annotations__)
_OF_HOST = frozenset({"container-escape", "host-compromise"})
Action = Literal["deny", "audit", "off"]
Acting = Literal["deny", "audit"]
ACTS: tuple[Acting, ...] = ("deny", "audit")


@dataclass(frozen=True, slots=True)
class Example:
    """A command and how its request differs from the operation's base request."""

    command: str
    operation: str
    changes: Mapping[str, JSON]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule file, read. `schema` is the condition alone; `at_use`: an object that violates it may not be used.

    `denies_in_audit`: mode audit enforces it too. `enforced_by`: the field of GET /info without which dockerd cannot
    enforce what the rule asks for; empty for none. `wording`: a template, in which {name} stands for a value.
    `protects`, `escapes`: as in a violation.
    """

    id: str
    topic: str
    file: str
    title: str
    reason: str
    remedy: Mapping[str, str]
    level: Level
    reports: Level | None
    threats: tuple[str, ...]
    at_use: bool
    denies_in_audit: bool
    enforced_by: str
    sources: tuple[str, ...]
    operations: tuple[str, ...]
    schema: Mapping[str, JSON]
    allows: tuple[Example, ...]
    denies: tuple[Example, ...]
    proposal: Proposal | None
    wording: Wording
    protects: bool
    escapes: bool

    @classmethod
    def of(cls, file: PurePath, content: Mapping[str, JSON]) -> "Rule":
        """The rule in a file without faults (dialect.find_rule_faults); its name is the id, its folder the topic."""
        document = cast(RuleDocument, content)
        protects_host = document["level"] == "baseline" and not _OF_HOST.isdisjoint(document["threats"])
        return cls(
            id=file.stem,
            topic=file.parent.name,
            file=str(file),
            title=document["title"],
            reason=document["reason"],
            remedy=document["remedy"],
            level=document["level"],
            reports=document.get("reports"),
            threats=tuple(document["threats"]),
            at_use=document.get("atUse", protects_host),
            denies_in_audit="modeAudit" in document,
            enforced_by=document.get("enforcedBy", ""),
            sources=tuple(document["sources"]),
            operations=tuple(document["operations"]),
            schema={keyword: value for keyword, value in content.items() if keyword not in _ABOUT},
            allows=_make_examples(document["allows"], document["operations"][0]),
            denies=_make_examples(document["denies"], document["operations"][0]),
            proposal=Proposal.of(document["try"]) if "try" in document else None,
            wording=read_wording(file.stem, document.get("denial", {})),
            # Behind a path that is not seen anything can lie.
            protects=file.parent.name == "self-protection" or file.stem == "host-paths-seen",
            escapes="container-escape" in document["threats"],
        )


def fill_site_values(rule: Rule, site: Mapping[str, JSON]) -> Rule:
    """The rule with the site's values in its remedy, its denial and what it proposes: --memory {memory-max}."""
    remedy = {client: fill_site(words, site) for client, words in rule.remedy.items()}
    proposal = rule.proposal.fill(site) if rule.proposal is not None else None
    return replace(rule, remedy=remedy, wording=fill_site_wording(rule.wording, site), proposal=proposal)


def _make_examples(content: Mapping[str, Mapping[str, JSON]], operation: str) -> tuple[Example, ...]:
    return tuple(
        Example(command, str(changes.get("operation", operation)), changes) for command, changes in content.items()
    )


def choose_profile(site: Mapping[str, JSON], identity: Identity, default: str) -> str:
    """The profile for this user; `default` where no entry matches."""
    entries = cast("Sequence[Mapping[str, JSON]]", site.get("profiles", ()))
    return next((str(entry["profile"]) for entry in entries if _matches(entry, identity)), default)


def is_stricter(profile: str, other: str) -> bool:
    """Whether a profile refuses more than another one; none, the empty text, does not."""
    return profile != "" and LEVELS.index(profile) > LEVELS.index(other)


def _matches(entry: Mapping[str, JSON], identity: Identity) -> bool:
    """Whether every list of the entry names the user, one of the groups, the method; by these methods, a group."""
    groups = identity.list_groups_by(SITE, *cast("list[str]", entry.get("methods", METHODS)))
    of_caller = {"users": (identity.user,), "groups": groups, "methods": identity.methods}
    return all(
        not {*cast("list[str]", entry[kind])}.isdisjoint(names) for kind, names in of_caller.items() if kind in entry
    )


def find_action(rule: Rule, profile: str) -> Action:
    """The action of a rule by its level: enforced up to the profile's, reported where the rule has `reports`."""
    if rule.level == "advisory":
        return "audit"
    rank = PROFILES.index(profile)
    if PROFILES.index(rule.level) <= rank:
        return "deny"
    reported = rule.reports is not None and PROFILES.index(rule.reports) <= rank
    return "audit" if reported else "off"
