"""`make world DIR=…`: any folder of compose files and docker run lines, judged project by project, as a table.

For each project: refused by which rules, by what alone, how long it took; and, where root can start one (DOCKERD=1),
what a real dockerd said, guarded by this checkout. dockerd has an image of each name, all of them busybox. With
DOCKERD, AT is where the projects lie on its host (a home, say), and FIX=1 judges them with the override of check --fix.
HOST_ROOT=none judges as CI does.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from portero.tools.compose.override import find_override
from portero.tools.compose.project_files import find_projects
from tests.e2e.guarded import GuardedDocker

_MOUNTED = "/srv/world"
_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one project. `rules`: None where it could not be read; `said`: of dockerd, None where it was not asked."""

    name: str
    rules: frozenset[str] | None
    seconds: float
    said: frozenset[str] | None = None


def list_projects(folder: Path) -> Iterator[Path]:
    """The compose files below a folder, one for each of its folders, and files of command lines (.txt, .sh)."""
    yield from (Path(files[0]) for files in find_projects(str(folder)))
    for path, folders, files in os.walk(folder):
        folders.sort()
        yield from (Path(path, name) for name in sorted(files) if name.endswith((".txt", ".sh")))


def judge(
    project: Path,
    profile: str,
    docker: GuardedDocker | None = None,
    *,
    fixed: bool = False,
    options: Sequence[str] = (),
) -> Iterator[Verdict]:
    """The verdict on a compose file, or on each docker run line of a file of them. `options`: of the command.

    `fixed`: after `check --fix --write`.
    """
    if project.suffix in (".txt", ".sh"):
        file = docker.host.path(str(project)) if docker else project
        for line in file.read_text(errors="replace").replace("\\\n", " ").splitlines():
            if line.lstrip("$ ").startswith("docker run "):
                try:
                    words = shlex.split(line.lstrip("$ "))
                except ValueError:  # its quotes end on another line
                    continue
                yield _decide(line[:60], ["try", "--profile", profile, *options, "--json", "--", *words], docker, words)
        return
    files = ["--file", str(project)]
    if fixed:
        _run(["check", "--profile", profile, *options, "--fix", "--write", str(project)], docker)
        override = find_override(str(project))
        files += ["--file", override] if (docker.host.path(override) if docker else Path(override)).exists() else []
    words = ["check", "--profile", profile, *options, "--format", "json", *files]
    yield _decide(str(project), words, docker, create_command(*files))


def _decide(name: str, words: Sequence[str], docker: GuardedDocker | None, command: Sequence[str]) -> Verdict:
    began = time.monotonic()
    ended = _run(words, docker)
    seconds = time.monotonic() - began
    rules = frozenset(list_rules(ended.stdout)) if ended.returncode in (0, 1) else None
    if docker is None or rules is None:
        return Verdict(name, rules, seconds)
    if command[0] == "docker-compose":
        listed = docker.shell(shlex.join([*command[: command.index("create")], "config", "--images"]))
        tag_images(docker, listed.stdout.split())
    return Verdict(name, rules, seconds, ask(docker, command))


def _run(words: Sequence[str], docker: GuardedDocker | None) -> "subprocess.CompletedProcess[str]":
    if docker is not None:
        return docker.portero(*words)
    return subprocess.run([sys.executable, "-m", "portero", *words], capture_output=True, text=True, check=False)


def list_rules(output: str) -> Iterator[str]:
    """The rules that refuse, of what check or try printed as JSON."""
    documents = [json.loads(output)] if output.startswith("{\n") else map(json.loads, output.splitlines())
    for document in documents:
        for request in document.get("requests", [document]):
            yield from (each["rule"] for each in request["violations"] if each["action"] == "deny")


def list_rules_by_file(output: str) -> dict[str, set[str]]:
    """The rules that refuse what stands in each compose file, of what check printed as JSON."""
    found: dict[str, set[str]] = {}
    for line in map(json.loads, output.splitlines()):
        rules = found.setdefault(line["file"].partition(":")[0].partition(" ")[0], set())
        rules |= {each["rule"] for each in line["violations"] if each["action"] == "deny"}
    return found


def create_command(*files: str) -> list[str]:
    """Makes the containers of every service of a project, and starts none."""
    return ["docker-compose", *files, "--profile", "*", "create", "--no-build"]


def tag_images(docker: GuardedDocker, images: Iterable[str]) -> None:
    """Give dockerd an image of each name."""
    for image in images:
        repository, _, tag = image.partition(":") if "@" not in image else (image, "", "")
        docker.client.ask("POST", f"/images/busybox:latest/tag?repo={repository}&tag={tag or 'latest'}")


def ask(docker: GuardedDocker, command: Sequence[str]) -> frozenset[str] | None:
    """The rules that dockerd's refusals come from, of all requests of a command."""
    since = docker.log_size()
    ended = docker.shell(shlex.join(command), timeout=_SECONDS)
    refused = [line for line in docker.decisions(since) if not line["allowed"]]
    _tidy_up(docker)
    if ended.returncode != 0 and not refused:
        return None  # dockerd itself did not do it: nothing was asked about the rest
    return frozenset(each["rule"] for line in refused for each in line["violations"] if each["action"] == "deny")


def _tidy_up(docker: GuardedDocker) -> None:
    """Remove what a project made: dockerd has room for some thirty networks."""
    docker.clear()
    for each in docker.client.get("/networks"):
        if "com.docker.compose.project" in (each["Labels"] or ()):
            docker.client.ask("DELETE", f"/networks/{each['Id']}")


def list_table(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Each project that is refused, then the rules by projects, then the figures."""
    for each in verdicts:
        if each.rules is None or each.rules or disagrees(each):
            what = "unread" if each.rules is None else ", ".join(sorted(each.rules)) or "allowed"
            said = f"  DOCKERD: {'refused' if each.said else 'allowed'}" if disagrees(each) else ""
            yield f"{each.seconds:5.1f} s  {each.name}: {what}{said}"
    read = [each.rules for each in verdicts if each.rules is not None]
    refused, alone = Counter(rule for rules in read for rule in rules), Counter(*map(_only, [read]))
    yield f"{'rule':<36} refuses   alone"
    yield from (f"{rule:<36} {count:7} {alone[rule]:7}" for rule, count in refused.most_common())
    asked = [each for each in verdicts if each.said is not None]
    yield f"{len(verdicts)} projects, {len(read)} read, {sum(map(bool, read))} refused" + (
        f"; dockerd disagrees on {sum(map(disagrees, asked))} of {len(asked)}" if asked else ""
    )


def _only(read: Iterable[frozenset[str]]) -> list[str]:
    return [next(iter(rules)) for rules in read if len(rules) == 1]


def disagrees(verdict: Verdict) -> bool:
    """Whether dockerd allowed what is refused here, or the other way round."""
    return verdict.said is not None and verdict.rules is not None and bool(verdict.said) != bool(verdict.rules)


def main() -> None:
    """Print the table; what to judge is in the environment."""
    folder, profile = Path(os.environ["DIR"]).absolute(), os.environ.get("PROFILE") or "baseline"
    root, at = os.environ.get("HOST_ROOT"), os.environ.get("AT") or _MOUNTED
    how = partial(judge, profile=profile, options=["--host-root", root] if root else [])
    if not os.environ.get("DOCKERD"):
        verdicts = [one for project in list_projects(folder) for one in how(project)]
    else:
        with GuardedDocker(profile=profile) as docker:
            shutil.copytree(folder, docker.host.path(at), symlinks=True)
            inside = [Path(at, project.relative_to(folder)) for project in list_projects(folder)]
            fixed = bool(os.environ.get("FIX"))
            verdicts = [one for project in inside for one in how(project, docker=docker, fixed=fixed)]
    sys.stdout.write("\n".join(list_table(verdicts)) + "\n")


if __name__ == "__main__":
    main()
