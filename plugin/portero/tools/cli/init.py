"""`portero init`: a site folder to start with, from what was refused so far or from a few questions."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

import click

from portero.decide.policy.json_files import compile_faults
from portero.decide.values.dataclass import replace
from portero.decide.values.json_fields import JSON
from portero.observe.files.whole_files import is_there, replace_file, try_to_make
from portero.observe.process import package_files
from portero.tools.cli import host_settings, judge_loading
from portero.tools.cli.new import image_list, rule, schemas, write_schemas
from portero.tools.cli.suggest import LogReader
from portero.tools.suggest import suggestion_text
from portero.tools.suggest.suggestions import Suggestions
from portero.tools.terminal import options
from portero.tools.terminal.input_files import FILE
from portero.tools.terminal.output import show_lines

_FILE_MODE = 0o644
_README = "README.md"
# For site values: key, words, kind of answer; entries of a list are added to the built-in ones.
_QUESTIONS = (
    ("bind-sources-writable", "Host folders that containers may write, such as /srv/data", "list"),
    ("bind-sources-read-only", "Host folders that containers may read", "list"),
    ("registries", "Registries that images may come from, such as docker.io (none: any)", "list"),
    ("ports-privileged", "Host ports below 1024 that may be published, such as 80 443", "ports"),
    ("memory-max", "The most memory of a container, such as 1g", "size"),
    ("cpus-max", "The most CPUs of a container", "number"),
    ("pids-max", "The most processes of a container", "number"),
)


class _Init(click.Group):
    """`portero init DIR` was a command."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "--help", "-h"):
            show_lines(["portero: `portero init` is now `portero init site`"], err=True)
            args = ["site", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Init)
def init() -> None:
    """Write a site folder, a rule to begin with, or a list of images."""


for _command in (rule, image_list, schemas):
    init.add_command(_command)


@init.command("site")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--from", "logs", metavar="LOG", multiple=True, type=FILE, help="Take values of `portero suggest LOG`.")
@click.option("--yes", is_flag=True, help="Ask nothing: the built-in values stay.")
@options.takes_policy
@options.HOST_ROOT
def write_site(folder: Path, logs: tuple[str, ...], *, yes: bool, **given: str | tuple[str, ...] | None) -> None:
    """Write a site folder, with questions or from a log.

    It gets environment, policy/site.json, policy/exceptions/, and drafts of exceptions. Without --from it asks for the
    values. An empty answer keeps the built-in one, as --yes does for all. Nothing is enforced until you change
    PORTERO_MODE in the environment file. A file that is there already is never replaced: exit status 2.
    """
    settings = replace(host_settings.load_host_settings(given), mode="enforce")
    reader = LogReader.under(judge_loading.load_remote_judge(settings))
    for log in logs:
        reader.read_log(log)
    suggestions = reader.suggestions
    if logs and not suggestions.requests:
        options.give_up([f"{', '.join(logs)}: no decisions or recorded requests found; name a log or a recording"])
    # Before a question is asked.
    _refuse_taken(folder, _make_files(folder.absolute(), settings.profile, {}, suggestions))
    site = suggestions.make_patch() if logs else {} if yes else _ask(suggestions.policy.site)
    if wrong := compile_faults(package_files.read_schema("site.schema.json"))(dict(site)):
        options.give_up(wrong)
    files = _make_files(folder.absolute(), settings.profile, site, suggestions)
    with options.explain_os_errors(folder, by_file=True):
        (folder / "policy" / "exceptions").mkdir(parents=True, exist_ok=True)
        (folder / "drafts").mkdir(exist_ok=True)
        for name, content in files.items():
            replace_file(folder / name, content.encode(), _FILE_MODE)
        write_schemas(folder / "policy")
    show_lines([f"{folder}: written; {folder / _README} says what to do next"])


def _refuse_taken(folder: Path, names: Iterable[str]) -> None:
    with options.explain_os_errors(folder, "name another folder, where you may write"):
        taken = [name for name in names if is_there(folder / name) or not try_to_make(folder / name)]
    if taken:
        options.give_up([f"{folder / name}: is there already; name another folder, or remove it" for name in taken])


def _ask(values: Mapping[str, JSON]) -> dict[str, JSON]:
    site: dict[str, JSON] = {}
    for key, words, kind in _QUESTIONS:
        old = values[key]
        shown = "none" if old == [] else " ".join(map(str, old)) if isinstance(old, list) else str(old)
        try:
            answer = click.prompt(f"{words} [{shown}]", default="", show_default=False, err=True).split()
        except click.Abort:
            if sys.stdin.isatty():
                raise
            options.give_up(["no answer comes: init site --yes keeps the built-in values"])
        if not answer:
            continue
        try:
            site[key] = _parse_answer(kind, answer, old)
        except ValueError:
            options.give_up([f"{key}: {' '.join(answer)}: write a number"])
    return site


def _parse_answer(kind: str, answer: list[str], old: JSON) -> JSON:
    if kind == "size":
        return answer[0]
    if kind == "number":
        number = float(answer[0])
        return int(number) if number.is_integer() else number
    added: list[JSON] = [int(word) if kind == "ports" else word for word in answer]
    return [*cast("list[JSON]", old), *(one for one in added if one not in cast("list[JSON]", old))]


def _make_files(folder: Path, profile: str, site: Mapping[str, JSON], suggestions: Suggestions) -> dict[str, str]:
    content = {"$schema": "site.schema.json", **site}
    files = {
        "environment": f"# Goes to /etc/portero/environment.\nPORTERO_POLICY={folder}/policy\n"
        f"PORTERO_PROFILE={profile}\n# audit: nothing is denied, only logged. enforce: when the log is quiet.\n"
        "PORTERO_MODE=audit\n",
        "policy/site.json": "\n".join(suggestion_text.list_json_lines(content)) + "\n",
        _README: _write_readme(folder, suggestions),
    }
    for name, draft in suggestions.name_drafts().items():
        files[f"drafts/{name}.json"] = "\n".join(suggestion_text.list_json_lines(draft.make_document())) + "\n"
    return files


def _write_readme(folder: Path, suggestions: Suggestions) -> str:
    steps = Path(__file__).with_name("init_readme.md").read_text(encoding="utf-8").replace("{folder}", str(folder))
    if suggestions.requests:
        suggested = "\n".join(suggestion_text.list_lines(suggestions))
        steps += f"\n## What was suggested\n\n```\n{suggested}\n```\n"
    return steps
