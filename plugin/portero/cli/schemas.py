"""`portero schemas`: the JSON schemas of site files, for editors that complete and check them."""

import json
from pathlib import Path

import click

from portero.cli import options
from portero.cli.terminal import show_lines
from portero.files import package_files
from portero.files.whole_files import replace_file
from portero.values.json_objects import apply_patch

# Where files of a site look for them: "$schema" is site.schema.json, ../exception.json, ../../rule.json.
NAMES = (
    "site.schema.json",
    "exception.json",
    "rule.json",
    "host-rule.json",
    "image-list.json",
    "request.json",
    "decision.json",
)
# A merge patch on rule.json.
_PATCH = "host-rule.json"
_MODE = 0o644


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
def schemas(folder: Path) -> None:
    """Write the JSON schemas of site files to a policy folder, so that an editor completes and checks them.

    The files there name them in "$schema". Run it again after an upgrade.
    """
    with options.explain_os_errors(folder, by_file=True):
        folder.mkdir(parents=True, exist_ok=True)
        write_schemas(folder)
    show_lines(f"{folder / name}" for name in NAMES)


def write_schemas(folder: Path) -> None:
    """Write each schema of NAMES, that of host rules whole; raises OSError."""
    for name in NAMES:
        content = (package_files.schemas() / name).read_bytes()
        if name == _PATCH:
            rule = json.loads((package_files.schemas() / "rule.json").read_bytes())
            content = json.dumps(apply_patch(rule, json.loads(content)), indent=2, ensure_ascii=False).encode() + b"\n"
        replace_file(folder / name, content, _MODE)
