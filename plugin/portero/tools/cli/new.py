"""`portero init rule`, `image-list`: a rule that `portero test` already proves, or a list of images from scanners.

`portero init schemas`: the JSON schemas of site files, for editors that complete and check them.
"""

import json
from pathlib import Path

import click

from portero.decide.policy.folder import is_image_list, is_rule
from portero.decide.values.errors import ContentRefused
from portero.decide.values.json_fields import JSON
from portero.decide.values.json_objects import apply_patch
from portero.observe.files.whole_files import read_regular_file, replace_file
from portero.observe.process import package_files
from portero.tools.registries.scan_reports import MAX_REPORT, SEVERITIES, read_report
from portero.tools.terminal import options
from portero.tools.terminal.output import show_lines

_MODE = 0o644
_FILE = click.argument("file", metavar="FILE", type=click.Path(path_type=Path))


@click.command()
@_FILE
def rule(file: Path) -> None:
    """Write a rule to DIR/rules/TOPIC/RULE-ID.json.

    It is advisory, so it denies nothing, and `portero test DIR` proves it as it stands: replace its words, condition
    and examples with yours. A file that exists is never replaced: exit status 2.
    """
    if not is_rule("/".join(file.absolute().parts[-3:])):
        options.give_up([f"{file}: name it DIR/rules/TOPIC/RULE-ID.json, topic and id of a-z, 0-9 and -"])
    with options.explain_os_errors(file, by_file=True):
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists():
            options.give_up([f"{file}: is there already; choose another name"])
        replace_file(file, Path(__file__).with_name("new_rule.json").read_bytes(), _MODE)
    show_lines([f"{file}: written; change it, then run: portero test {file.absolute().parents[2]}"])


@click.command("image-list")
@_FILE
@click.option("--from", "reports", metavar="REPORT", multiple=True, required=True, help="JSON of trivy or grype.")
@click.option("--severity", type=click.Choice(SEVERITIES), default="critical", show_default=True, help="The lowest.")
def image_list(file: Path, reports: tuple[str, ...], severity: str) -> None:
    """Write a list of scanned images with vulnerabilities.

    DIR/image-lists/NAME.json gets the digests of those with one of this severity or worse. image-digests in site.json
    names the list. A list that exists is replaced, so that each scan can write it again.
    """
    if not is_image_list("/".join(file.absolute().parts[-2:])):
        options.give_up([f"{file}: name it DIR/image-lists/NAME.json, of a-z, 0-9, . and -"])
    digests: dict[str, JSON] = {}
    for written in reports:
        with options.explain_os_errors(written, "name a report of trivy or grype"):
            data = read_regular_file(written, MAX_REPORT)
        with options.give_up_on(ContentRefused, name=written):
            report = read_report(data)
        if why := report.explain(severity):
            digests |= dict.fromkeys(report.digests, why)
    with options.explain_os_errors(file, by_file=True):
        file.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"$schema": "../image-list.json", "digests": dict(sorted(digests.items()))}, indent=2)
        replace_file(file, (text + "\n").encode(), _MODE)
    show_lines([f'{file}: {len(digests)} digests; image-digests in site.json names it: {{"denied": ["{file.name}"]}}'])


# Where files of a site look for them: "$schema" is site.schema.json, ../exception.json, ../../rule.json.
NAMES = (
    *("site.schema.json", "exception.json", "rule.json", "host-rule.json"),
    *("image-list.json", "request.json", "decision.json"),
)
# A merge patch on rule.json.
_PATCH = "host-rule.json"


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
def schemas(folder: Path) -> None:
    """Write the JSON schemas of site files to a policy folder.

    An editor completes and checks the files with them, which name them in "$schema". Run it again after an upgrade.
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
            rule = package_files.read_schema("rule.json")
            content = json.dumps(apply_patch(rule, json.loads(content)), indent=2, ensure_ascii=False).encode() + b"\n"
        replace_file(folder / name, content, _MODE)
