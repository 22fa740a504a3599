"""`portero rules`: the rules in force and what each does."""

import click

from portero.cli import options
from portero.cli.terminal import show_json, show_lines
from portero.decision import LEVELS


@click.command()
@options.takes_policy
@options.JSON_OUTPUT
def rules(as_json: bool, **given: str | tuple[str, ...] | None) -> None:
    """List the rules: id, level, action under the profile, title."""
    settings = options.settings(given)
    policy = options.judge(settings).policy
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
    if as_json:
        show_json(rows)
        return
    width = max(len(row["id"]) for row in rows)
    show_lines(f"{row['id']:<{width}}  {row['level']:<10}  {row['action']:<5}  {row['title']}" for row in rows)
