"""The plugins that are compared: started in a process of their own, and looked at while they run."""

import ctypes
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from client import Connection
from envelopes import post

HERE = Path(__file__).resolve().parent
_ENVIRONMENT = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(HERE.parent / "plugin")}
_PYTHON = shlex.quote(sys.executable)
_START_LIMIT = 30.0
_TICKS = os.sysconf("SC_CLK_TCK")
_LIBRARY = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1  # sys/prctl.h


@dataclass(frozen=True, slots=True)
class Serving:
    """A plugin that answers on `socket`; `start` is how many milliseconds that took it."""

    process: int
    socket: Path
    start: float

    def cpu(self) -> float:
        """Seconds of processor time that all its processes have used."""
        return sum(_ticks(process) for process in self._processes()) / _TICKS

    def memory(self) -> float:
        """Proportional set size of all its processes together, in MiB."""
        return sum(_kilobytes(process, "Pss") for process in self._processes()) / 1024

    def own_memory(self) -> float:
        """The part of it that is no file, which does not depend on what else runs, in MiB."""
        return sum(_kilobytes(process, "Pss_Anon") for process in self._processes()) / 1024

    def threads(self) -> int:
        """Of all its processes together."""
        return sum(len(os.listdir(f"/proc/{process}/task")) for process in self._processes())

    def descriptors(self) -> int:
        """Open ones of all its processes together."""
        return sum(len(os.listdir(f"/proc/{process}/fd")) for process in self._processes())

    def _processes(self) -> list[int]:
        found = [self.process]
        for process in found:
            found += map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split())
        return found


def portero(profile: str, log: str) -> str:
    """Portero's command; {socket} stands for its socket."""
    # No dockerd executes these requests, so one on this machine, which may be stopped, would be asked for each anew.
    words = f"{_PYTHON} -m portero serve --socket {{socket}} --profile {profile} --log {log} --host-root /"
    return f"env PORTERO_LOOKUPS=off {words}"


def baselines(folder: Path) -> dict[str, str]:
    """Name and command of the plugins that allow everything; the one in Go first, where Go is installed.

    RuntimeError when that one does not build.
    """
    found = {"allow-flask": f"{_PYTHON} {shlex.quote(str(HERE / 'allow_flask.py'))} {{socket}}"}
    go = shutil.which("go")
    if go is None:
        return found
    made = subprocess.run(  # noqa: S603 - the compiler that PATH names
        [go, "build", "-o", folder / "allow", HERE / "allow.go"], capture_output=True, text=True, check=False
    )
    if made.returncode:
        raise RuntimeError(f"bench/allow.go does not build: {made.stderr}")
    return {"allow-go": f"{shlex.quote(str(folder / 'allow'))} {{socket}}"} | found


def argv(command: str, socket: Path | str) -> list[str]:
    """The command for one socket."""
    return shlex.split(command.replace("{socket}", shlex.quote(str(socket))))


@contextmanager
def serving(name: str, command: str, folder: Path) -> Iterator[Serving]:
    """The plugin for the length of a block."""
    path, errors = folder / f"{name}.sock", folder / f"{name}.err"
    with errors.open("wb") as log:
        began = time.perf_counter()
        # A session of its own: Ctrl-C is for us, and ends it in its turn.
        process = subprocess.Popen(  # noqa: S603 - the given command
            argv(command, path),
            env=_ENVIRONMENT,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=_end_with_us,
        )
    try:
        while not _answers(path):
            if process.poll() is not None or time.perf_counter() > began + _START_LIMIT:
                raise RuntimeError(f"{name} did not start: {errors.read_text(errors='replace')}")
            time.sleep(0.002)
        yield Serving(process.pid, path, (time.perf_counter() - began) * 1000)
    finally:
        process.terminate()
        process.wait(30)


def end_at_sigterm() -> None:
    """Let SIGTERM end this process as an error would: plugins and folders go first."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def _end_with_us() -> None:
    """Called in the process that will be a plugin: it ends with us, also when we are killed."""
    _LIBRARY.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _answers(path: Path) -> bool:
    try:
        with Connection(path) as connection:
            return b"authz" in connection.ask(post("Plugin.Activate"))
    except OSError:
        return False


def _ticks(process: int) -> int:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _kilobytes(process: int, name: str) -> int:
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    values: Mapping[str, str] = dict(line.split(":", 1) for line in lines[1:])
    return int(values[name].split()[0])
