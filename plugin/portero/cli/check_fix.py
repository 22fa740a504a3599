"""`portero check --fix`: the override that gives services the limits they lack, and what is left to decide."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from portero.cli.check_report import list_reasons
from portero.cli.file_decisions import FileJudge
from portero.cli.options import ALLOWED, REFUSED
from portero.cli.terminal import show_lines, show_text
from portero.compose import override
from portero.files.whole_files import replace_file
from portero.recording.request_files import DecidedRequest, InvalidRequestFile

_LINES = Path(__file__).with_name("remedy_costs.tsv").read_text(encoding="utf-8").splitlines()
_COSTS: Mapping[str, str] = dict(line.split("\t", 1) for line in _LINES if not line.startswith("#"))
# By the site value whose entries admit the paths that they refuse.
_LISTED: Mapping[str, tuple[str, ...]] = {
    "bind-sources-writable": ("bind-sources-listed",),
    "bind-sources-read-only": ("read-only-sources-listed",),
}


def fix_projects(judge: FileJudge, projects: Sequence[Sequence[str]], *, is_kept: bool) -> int:
    """Show, or keep, the override of each project; the exit status. Raises InvalidRequestFile."""
    statuses = [_fix_project(judge, files, is_kept=is_kept) for files in projects]
    return REFUSED if REFUSED in statuses else ALLOWED


def _fix_project(judge: FileJudge, files: Sequence[str], *, is_kept: bool) -> int:
    target = override.find_override(files[0])
    before = Path(target).read_text(encoding="utf-8") if os.path.lexists(target) else ""
    own = [file for file in files if not os.path.exists(target) or not os.path.samefile(file, target)]
    checked, _ = judge.decide(judge.read([[*own, *([target] if before else [])]]))
    site = judge.judge.policy.site
    places = {each.request.name: each.request.location for each in checked}
    services = {each.request.name: keys for each in checked if (keys := override.list_limits(each, site))}
    sources = [*own, *([target] if before else [])]
    services = {
        name: override.move_to_deploy(keys) if override.limits_by_deploy(sources, name) else keys
        for name, keys in services.items()
    }
    if services:
        text = override.merge_override(before, services, target)
        show_lines([f"{target}:"])
        show_text("  " + text.rstrip("\n").replace("\n", "\n  "))
        with TemporaryDirectory(prefix="portero-") as folder:
            tried = os.path.join(folder, override.NEW)
            Path(tried).write_text(text, encoding="utf-8")
            os.chmod(folder, 0o755)  # noqa: S103 - it holds what was shown
            checked, _ = judge.decide(judge.read([[*own, tried]]))
        if is_kept:
            _keep(target, text)
    refused = [each for each in checked if not each.decision.allowed]
    show_lines(_list_listed(refused))
    show_lines(_list_left(refused, places))
    if services:
        show_lines([f"wrote {target}" if is_kept else f"--write keeps it as {target}"])
    left = f"{len(refused)} left to decide" if refused else "every service is allowed with it"
    show_lines([left if services or refused else "every service is allowed as it is"])
    return REFUSED if refused else ALLOWED


def _keep(target: str, text: str) -> None:
    try:
        replace_file(Path(target), text.encode(), 0o644)
    except OSError as error:
        raise InvalidRequestFile(f"{target}: {error.strerror}") from None


def _list_listed(refused: Sequence[DecidedRequest]) -> Iterator[str]:
    snippet = {key: paths for key, rules in _LISTED.items() if (paths := override.list_paths(refused, rules))}
    if snippet:
        yield "site.json, by whoever answers for the host (not where a database keeps its data read-only):"
        yield f"  {json.dumps(snippet)}"


def _list_left(refused: Sequence[DecidedRequest], places: Mapping[str, str]) -> Iterator[str]:
    """Each request with its rules and what obeying them costs. `places`: by its name, where the project has it."""
    for each in refused:
        yield f"{places.get(each.request.name, each.request.location)}: to decide"
        reasons = [*list_reasons(each, with_try=False)]
        yield from reasons
        rules = dict.fromkeys(one.rule for one in each.decision.violations if one.action == "deny")
        shown = (rule for rule in rules if rule in _COSTS and any(f"  {rule} " in reason for reason in reasons))
        yield from (f"  costs: {_COSTS[rule]}" for rule in shown)
