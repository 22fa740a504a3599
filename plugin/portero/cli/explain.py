"""`portero explain`: the page of one rule or one refusal code."""

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

import click

from portero.cli import options
from portero.policy.loader import Policy
from portero.policy.rule import Rule
from portero.refusals import CODES
from portero.types import JSON


@click.command()
@click.argument("name", metavar="RULE|CODE")
@options.SCHEMAS
@options.PROFILE
@options.ENGINE
@options.JSON_OUTPUT
def explain(name: str, as_json: bool, **said: str | tuple[str, ...] | None) -> None:
    """Tell what a rule or a refusal code asks for, why, and what to do instead."""
    settings = options.settings(said)
    page = _code(name) if name in CODES else _page(name, options.judge(settings).policy, settings.profile)
    click.echo(json.dumps(page, indent=2, ensure_ascii=False) if as_json else "\n".join(_lines(page)))


def _page(name: str, policy: Policy, profile: str) -> dict[str, JSON]:
    rule = policy.rules.get(name)
    if rule is None:
        close = get_close_matches(name, [*policy.rules, *CODES], n=3)
        hint = f"did you mean {' or '.join(close)}?" if close else "see `portero rules`"
        options.give_up([f"{name}: is neither a rule nor a code; {hint}"])
    return _rule(rule, policy.action(name, profile), profile)


def _rule(rule: Rule, action: str, profile: str) -> dict[str, JSON]:
    return {
        "id": rule.id,
        "title": rule.title,
        "level": rule.level,
        "action": f"{action} (profile {profile})",
        "reason": rule.reason,
        "remedy": dict(rule.remedy),
        "sources": list(rule.sources),
        "threats": list(rule.threats),
        "operations": list(rule.operations),
        "allows": [example.command for example in rule.allows],
        "denies": [example.command for example in rule.denies],
        "file": rule.file,
    }


def _code(name: str) -> dict[str, JSON]:
    words = CODES[name]
    return {
        "id": name,
        "title": words.title,
        "level": "always",
        "action": "deny (every profile)",
        "reason": words.reason,
        "remedy": {"docker": words.remedy},
    }


def _lines(page: Mapping[str, JSON]) -> Iterator[str]:
    yield f"{page['id']}: {page['title']}"
    yield ""
    for field, value in page.items():
        if field in ("id", "title"):
            continue
        if isinstance(value, dict):
            yield from (f"{f'{field} ({client})':<17}{words}" for client, words in value.items())
        elif field in ("allows", "denies") and isinstance(value, list):
            yield f"{field}"
            yield from (f"  {command}" for command in value)
        elif isinstance(value, list):
            yield f"{field:<17}{', '.join(map(str, value))}"
        else:
            yield f"{field:<17}{value}"
