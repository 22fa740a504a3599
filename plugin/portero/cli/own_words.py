"""A violation in the words of the file: its own spelling of a path, services instead of the IDs of their containers."""

import os
import re
from collections.abc import Iterator
from dataclasses import replace

from portero.decision import Violation
from portero.files.path import clean
from portero.recording.request_files import DecidedRequest
from portero.standin.project_objects import ProjectObjects
from portero.values.json_fields import objects, text

_MAX_BYTES = 1 << 20
_BETWEEN = re.compile(r"[\s\"'\[\]{},:=]+")
# A mount in the long form has its source below the line of the entry.
_ENTRY_LINES = 5
# What goes on after a name makes it another one.
_ENDS = r"(?![\w.-])"


def use_own_words(checked: DecidedRequest, violation: Violation) -> Violation:
    """The violation as who wrote the file calls things."""
    names = {**dict(_list_services(checked)), **dict(_list_paths(checked))}
    if not names:
        return violation
    mounts = objects(checked.facts, "mounts")
    whole = next((text(mount, "source") for mount in mounts if text(mount, "at") == violation.at), "")
    pattern = re.compile(f"(?:{'|'.join(map(re.escape, sorted(names, reverse=True)))}){_ENDS}")

    def write(words: str) -> str:
        # A long path is cut in what is asked.
        if words.endswith("...") and whole in names and whole.startswith(words.removesuffix("...")):
            return names[whole]
        return pattern.sub(lambda found: names[found[0]], words)

    wording = violation.wording
    if wording is not None:
        part = wording.part and (write(wording.part[0]), write(wording.part[1]))
        wording = replace(wording, asked=write(wording.asked), text=write(wording.text), part=part)
    return replace(violation, reason=write(violation.reason), wording=wording)


def name_services(checked: DecidedRequest, line: str) -> str:
    """The text of a proposal with the services whose containers it names."""
    for id, service in _list_services(checked):
        line = line.replace(f"container:{id}", f"service:{service}")
    return line


def _list_services(checked: DecidedRequest) -> Iterator[tuple[str, str]]:
    known = checked.request.objects
    for each in known.state.containers.values() if isinstance(known, ProjectObjects) else ():
        yield each.id, str(each.labels.get("com.docker.compose.service") or each.name)


def _list_paths(checked: DecidedRequest) -> Iterator[tuple[str, str]]:
    for mount in objects(checked.facts, "mounts"):
        line, source = checked.request.find_line(text(mount, "at")), text(mount, "source")
        if line is not None and source.startswith("/"):
            yield source, _find_spelling(*line, source)


def _find_spelling(file: str, number: int, path: str) -> str:
    """What the line of the file calls a host path; the path where it does not say it, such as by a variable."""
    try:
        with open(file, encoding="utf-8", errors="replace") as opened:
            lines = opened.read(_MAX_BYTES).splitlines()
    except OSError:
        return path  # it only reads worse
    folder = os.path.dirname(os.path.abspath(file))
    words = _BETWEEN.split(" ".join(lines[number - 1 : number - 1 + _ENTRY_LINES]))
    named = (word for word in words if word and clean(os.path.join(folder, os.path.expanduser(word))) == path)
    return next(named, path)
