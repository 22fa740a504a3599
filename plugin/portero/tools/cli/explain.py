"""`portero explain` shows a rule, a refusal code or a decision; without one it lists the rules."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import chain
from typing import cast

import click

from portero.decide.decision import LEVELS
from portero.decide.flags import docker
from portero.decide.judging import try_line
from portero.decide.policy.policy import Policy
from portero.decide.policy.rule import Rule
from portero.decide.policy.wording import name_facts
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import CODES
from portero.observe.process import package_files
from portero.serve.settings.settings import InvalidSettings, Settings
from portero.tools.cli import host_settings, judge_loading
from portero.tools.hostcheck.policy_source import HostSettings
from portero.tools.report import log_files, logged_decision
from portero.tools.terminal import options
from portero.tools.terminal.formats import JSON_OUTPUT, Outputs, show

_PUNCTUATION = " .,;:!?()[]'\"`"
_HOST = "Host"
# The one code whose action is a site value.
_SITE_CODE = "unknown-field"


def complete_rules(context: click.Context, parameter: click.Parameter, beginning: str) -> list[str]:
    """Complete ids of rules, built-in and of the site, and refusal codes; no rule is loaded for it."""
    try:
        folders = Settings.read(os.environ, {}).policy_folders
    except InvalidSettings:
        folders = (package_files.schemas(),)
    rules = {file.stem for folder in folders for kind in ("rules", "host") for file in folder.glob(f"{kind}/*/*.json")}
    return sorted(name for name in {*rules, *CODES} if name.startswith(beginning))


def _list_rules(settings: HostSettings, outputs: Outputs) -> None:
    """Id, level, action under the profile, title."""
    policy = judge_loading.load_judge(settings).policy
    ranked = sorted(policy.rules.values(), key=lambda rule: (LEVELS.index(rule.level), rule.id))
    rows = [
        {
            "id": rule.id,
            "level": rule.level,
            "action": policy.action(rule.id, settings.profile),
            "title": rule.title,
            "topic": rule.topic,
            "file": rule.file,
        }
        for rule in ranked
    ]
    width = max(len(row["id"]) for row in rows)
    lines = (f"{row['id']:<{width}}  {row['level']:<10}  {row['action']:<5}  {row['title']}" for row in rows)
    show(rows, lines, outputs)


@click.command()
@click.argument("name", metavar="[RULE|CODE|DECISION-ID]", required=False, shell_complete=complete_rules)
@options.takes_policy
@options.SOCKET
@click.option("--log", metavar="FILE", help="The decision log, or - for standard input. Default: that of Portero.")
@click.option("--all", "in_whole", is_flag=True, help="Show all of a decision, not only its denials.")
@JSON_OUTPUT
def explain(name: str | None, in_whole: bool, outputs: Outputs, **given: str | tuple[str, ...] | None) -> None:
    """Explain a rule, a refusal code or a decision, with reason and remedy, or list the rules.

    It knows the rules about requests and about the host. Of a decision it shows ten lines, the denials first.
    """
    settings = host_settings.load_host_settings(given)
    if name is None:
        _list_rules(settings, outputs)
        return
    # As it stands in a sentence, or in a denial.
    name = name.strip(_PUNCTUATION) or name
    if name.startswith("d-") and not log_files.is_decision(name):
        options.give_up([f"{name}: not the ID of a decision: copy all of it from the denial, d- and 12 of 0-9 and a-f"])
    if log_files.is_decision(name):
        decision = log_files.find_decision(name, log_files.list_logs(settings, given["log"]))
        page = logged_decision.describe(decision, judge_loading.load_judge(settings).policy)
        lines = logged_decision.list_lines(page) if in_whole else logged_decision.list_first(page)
    else:
        page = _explain_code(name, settings) if name in CODES else _explain_name(name, settings)
        lines = _list_lines(page)
    show(page, lines, outputs)


def _explain_name(name: str, settings: HostSettings) -> dict[str, JSON]:
    policy = judge_loading.load_judge(settings).policy
    for known in chain([policy], _read_host_rules(settings)):
        if name in known.rules:
            return _explain_rule(known.rules[name], known, settings.profile)
    shown_together = [rule for rule in policy.rules.values() if rule.wording.entry == name]
    if not shown_together:
        of_host = (rule for known in _read_host_rules(settings) for rule in known.rules)
        close = get_close_matches(name, [*policy.rules, *of_host, *CODES], n=3)
        hint = f"did you mean {' or '.join(close)}?" if close else "see `portero explain`"
        options.give_up([f"{name}: unknown rule, code or decision ID; {hint}"])
    rules = sorted(shown_together, key=lambda one: one.wording.order)
    listed = [f"{rule.id} ({rule.level}): {rule.title}" for rule in rules]
    return {"id": name, "title": "Rules that a denial shows together", "rules": [*listed]}


def _read_host_rules(settings: HostSettings) -> Iterator[Policy]:
    # Only when they are needed: the check of a host loads much.
    from portero.tools.cli.host_command import load_host_policy

    yield load_host_policy(settings).rules


def _explain_rule(rule: Rule, policy: Policy, profile: str) -> dict[str, JSON]:
    source = "set in site.json" if rule.id in policy.site_actions else f"profile {profile}"
    return {
        "id": rule.id,
        "title": rule.title,
        "level": rule.level,
        "action": f"{policy.action(rule.id, profile)} ({source})",
        "reason": name_facts(rule.reason),
        "remedy": dict(rule.remedy),
        "try": _list_proposed(rule),
        "exceptions": [
            f"{each.id}: {each.find_state(time.time())}, until {each.expires}, owner {each.owner}: {each.reason}"
            for each in policy.waivers
            if rule.id in each.rules
        ],
        "sources": list(rule.sources),
        "threats": list(rule.threats),
        "operations": [operation for operation in rule.operations if operation != _HOST],
        "allows": [example.command for example in rule.allows],
        "denies": [example.command for example in rule.denies],
        "file": rule.file,
    }


def _list_proposed(rule: Rule) -> str:
    """What a refused command can try instead, with the site's values and flags as a `try:` line spells them."""
    if rule.proposal is None:
        return ""
    operations = [each for each in rule.operations if each in try_line.COMMANDS] or ["ContainerCreate"]
    added = [f"add {_spell_flag(flag, operations)} {value}".rstrip() for flag, value in rule.proposal.add]
    changed = [f"mount it {how}" for how in rule.proposal.change]
    return ", ".join([*added, *changed, *(f"leave out {_spell_flag(flag, operations)}" for flag in rule.proposal.drop)])


def _spell_flag(flag: str, operations: Sequence[str]) -> str:
    spellings = (docker.find_spelling(operation, flag) for operation in operations)
    return next((spelling.flag for spelling in spellings if spelling is not None), flag)


def _explain_code(name: str, settings: HostSettings) -> dict[str, JSON]:
    code = CODES[name]
    if name == _SITE_CODE:
        action = f"{judge_loading.load_judge(settings).policy.unknown_fields} (unknown-fields in site.json)"
    else:
        action = f"{'audit' if name == 'dropped-field' else 'deny'} (every profile)"
    texts: dict[str, JSON] = {"reason": code.reason, "remedy": {"docker": code.remedy}}
    return {"id": name, "title": code.title, "level": "always", "action": action, **texts}


def _list_lines(page: Mapping[str, JSON]) -> Iterator[str]:
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
