"""`portero check --fix`: the override that gives services the limits they lack, and what is left to decide."""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from portero.decide.flags.compose_syntax import move_to_deploy
from portero.decide.judging.denial_entries import is_whole_host
from portero.decide.values.go_values import parse_size
from portero.decide.values.json_fields import JSON, to_object
from portero.decide.values.tables import read_rows
from portero.observe.files.held_folder import HeldFolder, hold_folder
from portero.observe.files.whole_files import read_regular_file, replace_file
from portero.tools.compose import override
from portero.tools.compose.check_report import list_reasons
from portero.tools.compose.file_decisions import FileJudge
from portero.tools.compose.override_keys import (
    Measured,
    list_labels,
    list_limits,
    list_paths,
    list_read_only,
    measure_memory,
)
from portero.tools.compose.project import is_compose
from portero.tools.compose.project_files import MAX_BYTES
from portero.tools.recording.request_files import DecidedRequest, InvalidRequestFile
from portero.tools.standin.trial_objects import ProjectObjects
from portero.tools.terminal.options import ALLOWED, REFUSED
from portero.tools.terminal.output import show_lines, show_text

_COSTS = dict(read_rows(__file__, "remedy_costs.tsv"))
_DAEMON = dict(read_rows(__file__, "daemon_settings.tsv"))
# Its refusal is about the daemon, whatever the request says.
_WHOLE_HOST = "/"
_BUILDKIT = "unseen-buildkit"
# By the site value whose entries admit the paths that they refuse.
_LISTED: Mapping[str, tuple[str, ...]] = {
    "bind-sources-writable": ("bind-sources-listed",),
    "bind-sources-read-only": ("read-only-sources-listed",),
}


def fix_projects(judge: FileJudge, projects: Sequence[Sequence[str]], *, is_written: bool) -> int:
    """Show, or keep, the override of each project; the exit status. Raises InvalidRequestFile."""
    for file in (one for files in projects for one in files if not is_compose(one)):
        raise InvalidRequestFile(f"{file}: is no compose file (.yaml, .yml), and --fix writes an override of one")
    statuses = [_fix_project(judge, files, is_written=is_written) for files in projects]
    return REFUSED if REFUSED in statuses else ALLOWED


def _fix_project(judge: FileJudge, files: Sequence[str], *, is_written: bool) -> int:
    if not is_written:
        return _fix_in(None, judge, files)
    try:
        with hold_folder(os.path.dirname(files[0])) as folder:
            return _fix_in(folder, judge, files)
    except OSError as error:
        raise InvalidRequestFile(f"{error.filename}: {error.strerror}") from None


def _fix_in(folder: HeldFolder | None, judge: FileJudge, files: Sequence[str]) -> int:
    """`folder`: that of the first file, where the override is to be kept; None: it is only shown."""
    target = override.find_override(files[0])
    before = _read_override(target, folder)
    project_files = [file for file in files if not os.path.exists(target) or not os.path.samefile(file, target)]
    sources = [*project_files, *([target] if before else [])]
    checked, _ = judge.decide(judge.read([sources]))
    locations = {each.request.name: each.request.location for each in checked}
    services, comments = _list_keys(judge, checked, sources)
    labels = list_labels(checked, judge.judge.policy.site)
    for name, keys in labels.pop("services").items():
        services[name] = _add_keys(services.get(name, {}), keys)
    tried, is_changed = target, any([services, *labels.values()])
    if is_changed:
        text = override.merge_override(before, services, target, comments, labels)
        show_lines([f"{target}:"])
        show_text("  " + text.rstrip("\n").replace("\n", "\n  "))
        with TemporaryDirectory(prefix="portero-") as trial:
            tried = os.path.join(trial, override.NEW)
            Path(tried).write_text(text, encoding="utf-8")
            os.chmod(trial, 0o755)  # noqa: S103 - it holds what was shown
            checked, _ = judge.decide(judge.read([[*project_files, tried]]))
        if folder is not None:
            _write_override(target, text, files[0], folder)
    refused = [each for each in checked if not each.decision.allowed]
    show_lines(_list_listed(refused))
    show_lines(_list_daemon_settings(refused, judge.judge.policy.site))
    show_lines(line.replace(tried, target) for line in _list_left(refused, locations))
    if is_changed:
        show_lines([f"wrote {target}" if folder else f"--write keeps it as {target}"])
    left = f"{len(refused)} left to decide" if refused else "every service is allowed with it"
    show_lines([left if is_changed or refused else "every service is allowed as it is"])
    return REFUSED if refused else ALLOWED


def _read_override(target: str, folder: HeldFolder | None) -> str:
    """Raises InvalidRequestFile where it cannot be read, and for a link: another user can have made it."""
    if os.path.islink(target):
        raise InvalidRequestFile(f"{target}: is a symbolic link; name the file itself")
    try:
        file = folder.locate(os.path.basename(target)) if folder else target
        return read_regular_file(file, MAX_BYTES, follows=False).decode("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise InvalidRequestFile(f"{target}: {getattr(error, 'strerror', None) or 'is not UTF-8'}") from None


def _list_keys(
    judge: FileJudge, checked: Sequence[DecidedRequest], sources: Sequence[str]
) -> tuple[dict[str, dict[str, JSON]], dict[str, str]]:
    """What each service gets, by its name; and the comments on memory limits that were measured."""
    site, comments, services = judge.judge.policy.site, dict[str, str](), dict[str, dict[str, JSON]]()
    read_only = list_read_only(checked, os.path.realpath(os.path.dirname(sources[0])))
    for each in checked:
        name = each.request.name
        keys = list_limits(each, site)
        if "mem_limit" in keys and (measured := _measure_memory(judge, each, parse_size(cast(str, keys["mem_limit"])))):
            keys, comments[name] = list_limits(each, site, measured.limit), measured.why
        if each.request.deploys:
            keys = move_to_deploy(keys)
        if volumes := read_only.get(name):
            keys["volumes"] = cast(JSON, volumes)
        if keys:
            services[name] = keys
    return services, comments


def _add_keys(keys: Mapping[str, JSON], more: Mapping[str, JSON]) -> dict[str, JSON]:
    """Both; what stands below the same key is joined."""
    joined = {name: {**to_object(keys[name]), **to_object(more[name])} for name in keys.keys() & more.keys()}
    return {**keys, **more, **joined}


def _measure_memory(judge: FileJudge, checked: DecidedRequest, max_bytes: int) -> Measured | None:
    made, host = checked.request.objects, judge.existing
    if host.daemon is None or not isinstance(made, ProjectObjects):
        return None
    of_service = {pair for pair in made.state.replaced if pair[1] == checked.request.name}
    return measure_memory(host.list_of(of_service), host.daemon.addresses(None), max_bytes)


def _write_override(target: str, text: str, like: str, folder: HeldFolder) -> None:
    """With the rights of the file that it replaces: it can hold secrets. A new one has those of the project's file.

    Its owner alone writes it, whose group can be another one than that of the project's file.
    """
    if not folder.is_where_it_was():
        raise InvalidRequestFile(f"{folder.path}: was changed while it was read; repeat the command")
    file, kept = (folder.locate(os.path.basename(name)) for name in (target, like))
    is_new = not os.path.lexists(file)
    status = os.stat(kept) if is_new else os.lstat(file)
    owner = (status.st_uid, status.st_gid) if os.geteuid() == 0 else None
    mode = status.st_mode & (0o644 if is_new else 0o666)
    try:
        replace_file(Path(target), text.encode(), mode, owner, folder.descriptor)
    except OSError as error:
        raise InvalidRequestFile(f"{target}: {error.strerror}") from None


def _list_listed(refused: Sequence[DecidedRequest]) -> Iterator[str]:
    snippet = {key: paths for key, rules in _LISTED.items() if (paths := list_paths(refused, rules))}
    if snippet:
        yield "site.json, by an administrator of the host (not where a database keeps its data read-only):"
        yield f"  {json.dumps(snippet)}"


def _list_daemon_settings(refused: Sequence[DecidedRequest], site: Mapping[str, JSON]) -> Iterator[str]:
    """What the daemon's own configuration must say where its defaults refuse."""
    settings: dict[str, JSON] = {}
    for each in refused:
        for one in each.decision.denials:
            if (one.default or one.rule == _BUILDKIT) and one.rule in _DAEMON:
                text = re.sub(r"\{([a-z-]+)\}", lambda named: json.dumps(site[named[1]]), _DAEMON[one.rule])
                settings |= json.loads(text)
    if settings:
        yield "daemon.json, by an administrator of the host, then a restart of dockerd:"
        yield f"  {json.dumps(settings)}"


def _list_left(refused: Sequence[DecidedRequest], locations: Mapping[str, str]) -> Iterator[str]:
    """Each request with its rules and what obeying them costs. `locations`: by its name, where the project has it."""
    for each in refused:
        yield f"{locations.get(each.request.name, each.request.location)}: to decide"
        reasons = [*list_reasons(each, with_try=False)]
        yield from reasons
        shown = (one for one in each.decision.denials if any(f"  {one.rule} " in reason for reason in reasons))
        costs = dict.fromkeys(_COSTS.get(_WHOLE_HOST if is_whole_host(one) else one.rule) for one in shown)
        yield from (f"  costs: {cost}" for cost in costs if cost)
