"""What a decision costs in user instructions: a count that repeats within 1 % on any machine, loaded or not.

callgrind collects inside of a function of Python that no decision calls, and which calls one here. A
sandbox has the same mounts, processes and sockets everywhere: a denial names what it finds on the host.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from client import others
from envelopes import BenchRequest, counted
from shares import look_at

REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = REPOSITORY / "docs" / "benchmarks.md"
BEGIN, END = "<!-- instructions:begin -->\n", "<!-- instructions:end -->\n"
# Thousands of instructions at 52d83e26, before requests did only what they need, counted by this bench.
_BEFORE = {
    "ping": 298,
    "list": 310,
    "exec": 917,
    "start": 811,
    "create, 300 B": 2_632,
    "create, 3 KB": 4_152,
    "create, one reason": 5_429,
    "create, all reasons": 13_119,
    "create, 1 MB": 202_539,
}
# A row that grows by more is reported: the table is written anew in the same commit.
# 1 MB has two modes.
MARGIN, _MARGIN_OF_LARGE = 0.03, 0.06
_EACH = 5
# The only folder of the sandbox that can be written, but for /run.
_FOLDER = "/counts"
_WARM_UP, _WARM_UP_OF_LARGE, _LARGE = 25, 6, 100_000
_LARGE_COUNT = 50_000_000
_SECONDS_OF_LOOKS = 1.0
# Cells of a row: its name, and its thousands of instructions.
_ROW = re.compile(r"^\| ([a-z][^|]*?) \| ([\d,]+) \|", re.MULTILINE)
_SUMMARY = re.compile(r"^summary: (\d+)", re.MULTILINE)

Table = Mapping[str, int]  # instructions by the name of a request


def main() -> None:
    """Count, print the table, and say which rows grew; or write it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--write", action="store_true", help="write the table into docs/benchmarks.md")
    parser.add_argument("--plugin", type=Path, default=REPOSITORY / "plugin", help="folder of the package")
    parser.add_argument("--inside", choices=("count", "look"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.inside:
        (_count_inside if chosen.inside == "count" else _look_inside)()
        return
    if (why := _find_obstacle()) is not None:
        print(f"instructions: {why}", file=sys.stderr)
        sys.exit(2)
    found = count(chosen.plugin)
    if chosen.write:
        text = PAGE.read_text()
        before, _, rest = text.partition(BEGIN)
        PAGE.write_text(before + BEGIN + write_table(found, look(chosen.plugin)) + END + rest.partition(END)[2])
        return
    committed = read_table(PAGE.read_text())
    for name, number in found.items():
        print(f"{name:20} {number:>13,}" + (f" {number / committed[name] - 1:+7.1%}" if name in committed else ""))
    if grown := list_grown(found, committed):
        print(f"instructions: more than docs/benchmarks.md says, by over 3 %: {', '.join(grown)}.", file=sys.stderr)
        print("Save them, or say so: commit what `make instructions WRITE=1` writes.", file=sys.stderr)
        sys.exit(1)


def count(plugin: Path) -> dict[str, int]:
    """Instructions of each request, the median of five after warming."""
    with tempfile.TemporaryDirectory(prefix="portero-instructions-") as folder:
        valgrind = (
            *("valgrind", "--tool=callgrind", "--instr-atstart=no", "--collect-atstart=no"),
            *("--toggle-collect=PyObject_Dir", "--dump-after=PyObject_Dir"),
            *(f"--vgdb-prefix={_FOLDER}/vgdb", f"--callgrind-out-file={_FOLDER}/out"),
        )
        _run_inside(plugin, "count", valgrind, folder)
        files = sorted(Path(folder).glob("out.*"), key=lambda file: int(file.suffix[1:]))
        numbers = [int(_SUMMARY.findall(file.read_text())[0]) for file in files]
    names = ["", *(one.name for one in counted())]
    nothing, *medians = (int(statistics.median(numbers[at * _EACH :][:_EACH])) for at in range(len(names)))
    return {name: number - nothing for name, number in zip(names[1:], medians, strict=True)}


def look(plugin: Path) -> dict[str, dict[str, float]]:
    """Shares of the folders in the processor time of each request."""
    with tempfile.TemporaryDirectory(prefix="portero-instructions-") as folder:
        return json.loads(_run_inside(plugin, "look", (), folder))  # type: ignore[no-any-return]


def list_grown(found: Table, committed: Table) -> list[str]:
    """Rows that grew by more than the margin, and those that the committed table does not have."""
    margins = {name: _MARGIN_OF_LARGE if number > _LARGE_COUNT else MARGIN for name, number in found.items()}
    return [name for name, number in found.items() if number > committed.get(name, 0) * (1 + margins[name])]


def read_table(page: str) -> dict[str, int]:
    """The committed table."""
    part = page.partition(BEGIN)[2].partition(END)[0]
    return {name: int(number.replace(",", "")) * 1000 for name, number in _ROW.findall(part)}


def write_table(found: Table, looks: Mapping[str, Mapping[str, float]]) -> str:
    """The part of the page, with commit and Python."""
    git = ("git", "-C", str(REPOSITORY), "describe", "--always", "--dirty", "--abbrev=8", "--exclude=*")
    commit = subprocess.run(  # noqa: S603
        git, capture_output=True, text=True, check=True
    ).stdout.strip()
    folders = sorted({folder for each in looks.values() for folder in each})
    shown = [folder for folder in folders if max(each.get(folder, 0) for each in looks.values()) >= 0.07]
    python = f"Python {'.'.join(map(str, sys.version_info[:3]))} of Debian"
    lines = [
        f"Commit {commit}, {python}; thousands.\n",
        f"| | together | to 52d83e26 | {' | '.join(shown)} | others |",
        "| --- " * (len(shown) + 4) + "|",
    ]
    for name, number in found.items():
        shares = [looks[name].get(folder, 0.0) for folder in shown]
        cells = [f"{number * share / 1000:,.0f}" for share in (1, *shares, 1 - sum(shares))]
        cells[1:1] = [f"{number / 1000 / _BEFORE[name]:.2f}"]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _find_obstacle() -> str | None:
    if not os.path.realpath(sys.executable).startswith("/usr/bin/python3") or not Path("/etc/debian_version").exists():
        return "by Debian's Python alone: make PYTHON=/usr/bin/python3, after make clean."
    if os.geteuid():
        return "as root: the sandbox has mounts of its own."
    missing = [name for name in ("bwrap", "valgrind") if not Path("/usr/bin", name).exists()]
    return f"apt-get install {' '.join(missing).replace('bwrap', 'bubblewrap')}, as root." if missing else None


def _run_inside(plugin: Path, what: str, under: tuple[str, ...], folder: str) -> str:
    """This program again in the sandbox, and what it prints. RuntimeError: it failed."""
    mounts = (
        *("--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib"),
        *(
            "--symlink",
            "usr/lib64",
            "/lib64",
            "--symlink",
            "/usr/lib/os-release",
            "/etc/localtime",
            "--dir",
            "/root",
            "--proc",
            "/proc",
            "--dev",
            "/dev",
        ),
        *("--tmpfs", "/run", "--bind", folder, _FOLDER),
    )
    kept = (*("--ro-bind", str(REPOSITORY), "/srv/portero"), *("--ro-bind", str(plugin), "/srv/portero/plugin"))
    shut = ("--unshare-pid", "--unshare-net", "--unshare-ipc", "--die-with-parent", "--clearenv")
    values = {"PYTHONHASHSEED": "0", "PYTHONPATH": "/srv/portero/plugin", "PATH": "/usr/bin", "TMPDIR": _FOLDER}
    set_all = (word for name, value in values.items() for word in ("--setenv", name, value))
    program = ("/srv/portero/.venv/bin/python", "-B", "/srv/portero/bench/instructions.py", "--inside", what)
    command = ("bwrap", *mounts, *kept, *shut, *set_all, *under, *program)
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if ran.returncode:
        raise RuntimeError(ran.stderr)
    return ran.stdout


def _build() -> Callable[[bytes, bytes], str]:
    """What answers a request and takes its result, and gives the reason of a denial."""
    from portero.decide.interfaces.daemon import Peer
    from portero.observe.dockerd.peer import identify_peer
    from portero.serve.application import application
    from portero.serve.settings.settings import Settings

    settings = Settings.read({"PORTERO_LOG": f"{_FOLDER}/decisions.jsonl", "PORTERO_HOST_ROOT": "/"}, {})
    answering = application.build(settings)
    answering.in_force.judge.host.watch()
    peer = identify_peer(Peer(os.getpid(), 0))  # as once for a connection

    def answer(before: bytes, after: bytes) -> str:
        answered = answering.answer(before, peer)
        if answered["Allow"]:
            answering.note_result(after, peer)
        return str(answered["Msg"])

    return answer


def _list_pairs(one: BenchRequest) -> Iterator[tuple[bytes, bytes]]:
    before, after = (data.partition(b"\r\n\r\n")[2] for data in (one.data, one.result))
    # Together: the result is of the same request, with the same name.
    for pair in others(before + b"\0" + after):
        before, _, after = pair.partition(b"\0")
        yield before, after


class _Collected:
    """`dir` of it does the work: no decision calls PyObject_Dir, where callgrind collects."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work

    def __dir__(self) -> list[str]:
        self._work()
        return []


def _count_inside() -> None:
    answer = _build()
    pairs = {one.name: _list_pairs(one) for one in counted()}
    for one in counted():
        for _ in range(_WARM_UP if len(one.data) < _LARGE else _WARM_UP_OF_LARGE):
            if bool(answered := answer(*next(pairs[one.name]))) is one.allowed:
                sys.exit(f"{one.name}: wrong answer: {answered}")
    switch = ["/usr/bin/vgdb", f"--vgdb-prefix={_FOLDER}/vgdb", f"--pid={os.getpid()}", "instrumentation", "on"]
    subprocess.run(switch, check=True, capture_output=True)  # noqa: S603
    for _ in range(_EACH):
        dir(_Collected(lambda: None))
    for one in counted():
        for pair in [next(pairs[one.name]) for _ in range(_EACH)]:
            dir(_Collected(partial(answer, *pair)))


def _look_inside() -> None:
    answer = _build()
    looks: dict[str, dict[str, float]] = {}
    for one in counted():
        pairs = _list_pairs(one)
        times = look_at(lambda pairs=pairs: answer(*next(pairs)), _SECONDS_OF_LOOKS)  # type: ignore[misc]
        looks[one.name] = {folder: each / sum(times.values()) for folder, each in times.items()}
    print(json.dumps(looks))


if __name__ == "__main__":
    main()
