"""`portero serve` that compares its picture of the daemon every second, with each container: see test_picture.py.

With each exec, too, of which it was not asked what it is. BLIND=1: it does not look at requests, answers and events.
Each comparison is a line of the file COMPARED: how many containers were certain, -1 where the picture was not whole,
and how many differences there were.
"""

import os
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from portero.decide.values.json_fields import JSON, child, text
from portero.decide.values.refusals import Refused
from portero.observe.lookups import followed_daemon, picture_reader
from portero.observe.lookups.cached_facts import choose_facts
from portero.observe.lookups.daemon_questions import DaemonQuestions
from portero.observe.lookups.followed_daemon import FollowedDaemon
from portero.observe.lookups.picture import Picture
from portero.observe.lookups.picture_reader import PictureReader
from portero.tools.cli import main

picture_reader._COMPARE_SECONDS = 1.0
picture_reader._FIRST_SECONDS = 1.0
picture_reader._SAMPLE = 1000
followed_daemon._FORMER_SECONDS = 1.0
EXECS, CERTAIN = deque[str](maxlen=1000), deque[int](maxlen=1)
note_exec, compare_facts = Picture.note_exec, picture_reader.compare_facts
compare, compare_list = PictureReader._compare, picture_reader.compare_list


def remember_exec(self: Picture, id: str, *of: Any) -> bool:
    is_known = note_exec(self, id, *of)
    if is_known:
        EXECS.append(id)
    return is_known


def describe_exec(facts: Mapping[str, JSON]) -> tuple[str, Mapping[str, JSON]]:
    return text(facts, "ContainerID"), {"user": "", **child(facts, "ProcessConfig")}


def compare_execs(picture: Picture, ids: Any, ask: DaemonQuestions, take_events: Callable[[float], None]) -> list[str]:
    different = compare_facts(picture, ids, ask, take_events)
    while EXECS:
        known, shown = picture.find("exec", id := EXECS.pop()), None
        try:
            shown = ask.ask_for("exec", id)
        except Refused:
            continue
        if known and shown and describe_exec(known) != describe_exec(choose_facts("exec", shown)):
            different.append(f"exec {id[:12]}: {shown} for {known}")
    return different


def count_certain(picture: Picture, *listed: Any) -> list[str]:
    found = picture.list_containers()
    CERTAIN.append(len(found[0].by_id) if found else -1)
    return compare_list(picture, *listed)


def note_comparison(self: PictureReader, *of: Any) -> None:
    before = self._followed.differences
    compare(self, *of)
    with Path(os.environ["COMPARED"]).open("a") as file:
        file.write(f"{CERTAIN.pop()} {self._followed.differences - before}\n")


PictureReader._compare = note_comparison  # type: ignore[method-assign]
picture_reader.compare_list = count_certain  # type: ignore[attr-defined]
Picture.note_exec = remember_exec  # type: ignore[assignment,method-assign]
picture_reader.compare_facts = compare_execs  # type: ignore[attr-defined]
if os.environ.get("BLIND"):
    FollowedDaemon.enter = lambda *_: True  # type: ignore[method-assign]
    FollowedDaemon.note_result = lambda *_: None  # type: ignore[method-assign]
    PictureReader._take = lambda *_: None  # type: ignore[method-assign]

main(prog_name="portero")
