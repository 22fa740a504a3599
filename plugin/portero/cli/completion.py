"""What a shell completes after `portero explain`: ids of rules and refusal codes; no rule is loaded for it."""

import os

import click

from portero.refusals import CODES
from portero.service import resources
from portero.service.settings import InvalidSettings, Settings


def complete_rules(context: click.Context, parameter: click.Parameter, beginning: str) -> list[str]:
    """The ids that begin so, of the built-in rules, of those of the site's policy folders, and of the codes."""
    try:
        folders = Settings.read(os.environ, {}).policy_folders
    except InvalidSettings:
        folders = (resources.schemas(),)
    rules = {file.stem for folder in folders for file in folder.glob("rules/*/*.json")}
    return sorted(name for name in {*rules, *CODES} if name.startswith(beginning))
