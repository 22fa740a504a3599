"""`portero explain`: the page of one rule or one refusal code, or the story of one decision."""

import time
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import cast

import click

from portero.cli import logged_decision, options
from portero.cli.schemas import complete_rules
from portero.cli.terminal import show_json, show_lines
from portero.flags.try_keyword import NoValue, Proposal
from portero.policy.exception import Waiver
from portero.policy.policy import Policy
from portero.policy.rule import Rule
from portero.refusals import CODES
from portero.values.json_types import JSON

_OF_THE_SITE = "unknown-field"


@click.command()
@click.argument("name", metavar="RULE|CODE|DECISION-ID", shell_complete=complete_rules)
@options.takes_policy
@options.SOCKET
@click.option(
    "--log",
    metavar="FILE",
    help="The decision log to search, with its rotated files; - for standard input. "
    "Default: PORTERO_LOG, or the log of the running plugin.",
)
@options.JSON_OUTPUT
def explain(name: str, as_json: bool, **given: str | tuple[str, ...] | None) -> None:
    """Explain a rule, a refusal code or a decision: what is required, why, and what to do instead."""
    settings = options.settings(given)
    if logged_decision.is_decision(name):
        page = logged_decision.document(
            logged_decision.find(name, logged_decision.logs(settings, given["log"])), options.judge(settings).policy
        )
        text = logged_decision.lines(page)
    elif name in CODES:
        page = _code(name, options.judge(settings).policy if name == _OF_THE_SITE else None)
        text = _lines(page)
    else:
        page = _page(name, options.judge(settings).policy, settings.profile)
        text = _lines(page)
    if as_json:
        show_json(page)
    else:
        show_lines(text)


def _page(name: str, policy: Policy, profile: str) -> dict[str, JSON]:
    rule = policy.rules.get(name)
    together = [rule for rule in policy.rules.values() if rule.wording.words.entry == name]
    if rule is None and together:
        rules = sorted(together, key=lambda one: one.wording.words.order)
        told = [f"{rule.id} ({rule.level}): {rule.title}" for rule in rules]
        return {"id": name, "title": "Rules that a denial tells together", "rules": [*told]}
    if rule is None:
        close = get_close_matches(name, [*policy.rules, *CODES], n=3)
        hint = f"did you mean {' or '.join(close)}?" if close else "see `portero rules`"
        options.give_up([f"{name}: unknown rule, code or decision ID; {hint}"])
    return _rule(rule, policy, profile)


def _rule(rule: Rule, policy: Policy, profile: str) -> dict[str, JSON]:
    said_by = "set in site.json" if rule.id in policy.site_actions else f"profile {profile}"
    return {
        "id": rule.id,
        "title": rule.title,
        "level": rule.level,
        "action": f"{policy.action(rule.id, profile)} ({said_by})",
        "reason": rule.reason,
        "remedy": dict(rule.remedy),
        "try": _proposed(rule.proposal, policy.site),
        "exceptions": [_exception(waiver) for waiver in policy.waivers if rule.id in waiver.rules],
        "sources": list(rule.sources),
        "threats": list(rule.threats),
        "operations": list(rule.operations),
        "allows": [example.command for example in rule.allows],
        "denies": [example.command for example in rule.denies],
        "file": rule.file,
    }


def _proposed(proposal: Proposal | None, site: Mapping[str, JSON]) -> str:
    """What a refused command can try instead, with the site's values."""
    if proposal is None:
        return ""
    try:
        filled = proposal.fill(site)
    except NoValue:
        return ""
    added = [f"add {flag} {value}".rstrip() for flag, value in filled.add]
    changed = [f"mount it {how}" for how in filled.change]
    return ", ".join([*added, *changed, *(f"leave out {flag}" for flag in filled.drop)])


def _exception(waiver: Waiver) -> str:
    return f"{waiver.id}: {waiver.state(time.time())}, until {waiver.expires}, owner {waiver.owner}: {waiver.reason}"


def _code(name: str, policy: Policy | None) -> dict[str, JSON]:
    words = CODES[name]
    return {
        "id": name,
        "title": words.title,
        "level": "always",
        "action": f"{'audit' if name == 'dropped-field' else 'deny'} (every profile)"
        if policy is None
        else f"{policy.unknown_fields} (unknown-fields in site.json)",
        "reason": words.reason,
        "remedy": {"docker": words.remedy},
    }


def _lines(page: Mapping[str, JSON]) -> Iterator[str]:
    yield f"{page['id']}: {page['title']}"
    yield ""
    for field, value in page.items():
        if field in ("id", "title") or value in ("", []):
            continue
        if isinstance(value, dict):
            yield from (f"{f'{field} ({client})':<17}{words}" for client, words in value.items())
        elif field in ("allows", "denies", "exceptions", "rules"):
            yield field
            yield from (f"  {entry}" for entry in cast(Sequence[JSON], value))
        elif isinstance(value, list):
            yield f"{field:<17}{', '.join(map(str, value))}"
        else:
            yield f"{field:<17}{value}"
