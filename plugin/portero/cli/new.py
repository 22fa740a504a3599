"""`portero new rule`: a rule to begin with, which `portero test` already proves."""

import json
from pathlib import Path

import click

from portero.cli import options
from portero.cli.terminal import show_lines
from portero.files.whole_files import replace_file
from portero.policy.folder import is_rule
from portero.values.json_types import JSON

_MODE = 0o644
_SKELETON: dict[str, JSON] = {
    "$schema": "../../rule.json",
    "dialect": 2,
    "title": "TODO: a sentence that is true when the rule is obeyed",
    "reason": "TODO: what happens otherwise.",
    "remedy": {"docker": "TODO: what to type instead", "compose": "TODO: what to write instead"},
    "level": "advisory",
    "threats": ["confidentiality"],
    "sources": ["TODO: the name of your own policy"],
    "operations": ["ContainerCreate", "ServiceCreate", "ServiceUpdate"],
    "properties": {"facts": {"properties": {"image": {"properties": {"registry": {"const": "registry.example.com"}}}}}},
    "allows": {
        "docker run registry.example.com/app": {"body": {"Image": "registry.example.com/app"}},
    },
    "denies": {
        "docker run busybox": {"body": {"Image": "busybox"}},
        "docker service create busybox": {
            "operation": "ServiceCreate",
            "body": {"TaskTemplate": {"ContainerSpec": {"Image": "busybox"}}},
        },
        "docker service update --image busybox web": {
            "operation": "ServiceUpdate",
            "body": {"TaskTemplate": {"ContainerSpec": {"Image": "busybox"}}},
        },
    },
}


@click.command()
@click.argument("kind", type=click.Choice(["rule"]))
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
def new(kind: str, file: Path) -> None:
    """Write a rule to begin with to DIR/rules/TOPIC/RULE-ID.json, DIR being a policy folder.

    It is advisory, so it refuses nothing, and `portero test DIR` proves it as it stands: replace its words, condition
    and examples by yours. A file that exists is never replaced: exit status 2.
    """
    if not is_rule("/".join(file.absolute().parts[-3:])):
        options.give_up([f"{file}: name it DIR/rules/TOPIC/RULE-ID.json, topic and id of a-z, 0-9 and -"])
    with options.explain_os_errors(file, by_file=True):
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists():
            options.give_up([f"{file}: is there already; choose another name"])
        replace_file(file, (json.dumps(_SKELETON, indent=2) + "\n").encode(), _MODE)
    show_lines([f"{file}: written; change it, then run: portero test {file.absolute().parents[2]}"])
