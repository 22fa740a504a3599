"""Where the time of a decision goes: shares of the folders of the package, found by looking at it now and then.

The profiler of Python makes small functions look dear; looks from a timer do not. What a library or the kernel does
counts for the folder that called it.
"""

import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType

from client import others
from envelopes import BenchRequest

import portero
from portero.serve.application import application
from portero.serve.settings.settings import Settings

_PACKAGE = f"{Path(portero.__file__).parent}/"
# Seconds of processor time between two looks; the kernel's clock makes a few milliseconds of less.
_LOOK_EVERY = 0.001
_WARM_UP = 200


def measured(asked: list[BenchRequest], profile: str, log: Path, seconds: float) -> dict[str, dict[str, float]]:
    """Microseconds of processor time by folder, for each request; HTTP is no part of it."""
    settings = Settings.read({"PORTERO_PROFILE": profile, "PORTERO_LOG": str(log), "PORTERO_HOST_ROOT": "/"}, {})
    answering = application.build(settings)
    answering.in_force.judge.host.watch()
    bodies = {request.name: others(request.data.partition(b"\r\n\r\n")[2]) for request in asked}
    return {name: look_at(lambda body=body: answering.answer(next(body)), seconds) for name, body in bodies.items()}


def look_at(work: Callable[[], object], seconds: float) -> dict[str, float]:
    """Microseconds of processor time by folder of something that is done again and again, for so long."""
    began = time.process_time()
    for _ in range(_WARM_UP):
        work()
        if time.process_time() - began > seconds:
            break
    looks: Counter[str] = Counter()

    def look(number: int, frame: FrameType | None) -> None:
        looks[_folder(frame)] += 1

    before = signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, _LOOK_EVERY, _LOOK_EVERY)
    try:
        began, number = time.process_time(), 0
        while time.process_time() - began < seconds:
            work()
            number += 1
        each = (time.process_time() - began) / number * 1_000_000
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return _scaled(looks, each)


def _scaled(looks: Mapping[str, int], whole: float) -> dict[str, float]:
    total = sum(looks.values())
    return {folder: count / total * whole for folder, count in looks.items()}


def _folder(frame: FrameType | None) -> str:
    while frame is not None and not frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    if frame is None:
        return "other"
    return "/".join(frame.f_code.co_filename.removeprefix(_PACKAGE).split("/")[:2]).removesuffix(".py")
