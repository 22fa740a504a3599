"""`make bench` runs: it compares what it is told to, and says plainly what it cannot do. No figure is looked at."""

import itertools
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.paths import ROOT

sys.path.append(str(ROOT / "bench"))
import instructions
from envelopes import counted
from servers import portero

BENCH = ROOT / "bench"
FLASK = f"{shlex.quote(sys.executable)} {shlex.quote(str(BENCH / 'allow_flask.py'))} {{socket}}"
QUICK = ("--seconds", "0.01", "--rounds", "1")


def bench(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCH / "run.py"), *QUICK, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one run wrote that measured everything that needs no root."""
    written = tmp_path_factory.mktemp("bench") / "page.md"
    measures = ("--growth", "--most", "1", "--shares", "--worst", "12", "--paused", "50", "--pause", "0.1")
    ran = bench(
        "--plugin", f"other={FLASK}", "--note", "A note.", *measures, "--seconds", "0.02", "--write", str(written)
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == written.read_text().strip()
    return written


def table(page: Path, heading: str = "") -> list[list[str]]:
    """The cells of the first table below a heading, line by line."""
    _, _, below = page.read_text().partition(heading)
    lines = itertools.dropwhile(lambda line: not line.startswith("|"), below.splitlines())
    rows = itertools.takewhile(lambda line: line.startswith("|"), lines)
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]


def test_every_plugin_is_measured_in_the_same_run(page: Path) -> None:
    text = page.read_text()

    (head,) = [line for line in text.splitlines() if "ratio of other" in line]
    assert [name.strip() for name in head.split("|") if "ratio" not in name][-4:-1] == [
        "allow-flask",
        "portero",
        "other",
    ]
    assert "A note." in text
    rows = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")]
    assert {"ping", "list", "create, 3 KB", "create, all reasons", "create, 1 MB", "portero", "other"} <= {*rows}
    assert "| start | memory | CPU per pair | CPU per pair of 16 | lists | pairs |" in text


def test_growth_is_reported_as_tables_and_drawn_as_a_plot(page: Path) -> None:
    plot = page.with_suffix(".svg").read_text()
    for curve in ("Body of a create", "Mounts of a create", "Connections, list", "Rules of this", "Exceptions"):
        assert f"| {curve}" in page.read_text()
        assert f">{curve}" in plot
    ElementTree.fromstring(plot)


def test_the_time_of_a_decision_is_told_by_the_folders_that_take_it(page: Path) -> None:
    rows = {first: cells for first, *cells in table(page, "## Where the time of a decision goes")}
    rooms = {"decide/facts", "observe/host", "decide/judging", "decide/reading", "serve/decision_log"}
    assert {*rooms, "together"} <= {*rows}
    assert float(rows["decide/facts"][2]) > float(rows["decide/facts"][0])


def test_the_worst_bodies_are_reported_with_the_pings_of_others(page: Path) -> None:
    rows = table(page, "## The worst bodies")
    assert rows[0] == ["field", "KiB", "answer", "slowest ping of others"]
    assert rows[2][0] == "nothing"
    assert len(rows) > 10
    assert all(int(answer) < 10_000 and int(ping) < 5_000 for _, _, answer, ping in rows[3:])


def test_creates_after_a_pause_are_reported_beside_a_crowd_of_processes_too(page: Path) -> None:
    rows = table(page, "## After a pause")
    assert rows[0] == ["", "host as it is", "50 more processes"]
    assert "portero" in [row[0] for row in rows]


def test_a_plugin_that_does_not_start_is_named() -> None:
    ran = bench("--plugin", "broken=false {socket}")

    assert ran.returncode == 2
    assert ran.stderr.startswith("bench: broken did not start")


def test_a_plugin_without_a_socket_is_refused_with_the_cure() -> None:
    ran = bench("--plugin", "other=somewhere")

    assert ran.returncode == 2
    assert ran.stderr.splitlines()[-1].endswith("write it as NAME='COMMAND {socket}'")


def test_a_soak_counts_answers_lines_and_memory() -> None:
    command = [sys.executable, str(BENCH / "soak.py"), "--requests", "500", "--minute", "0.05"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)

    assert ran.stderr == ""
    head, *rows, sums = ran.stdout.splitlines()
    assert head.split() == ["seconds", "requests", "MiB", "threads", "descriptors"]
    assert len(rows) > 1
    assert sums.startswith("500 requests: 0 wrong answers, 0 internal errors; 500 lines, 0 malformed; memory ")


def test_an_interrupted_soak_gives_the_sums_so_far() -> None:
    command = [sys.executable, str(BENCH / "soak.py"), "--requests", "3000000", "--minute", "0.05"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        rows = [running.stdout.readline() for _ in range(4)]
        running.send_signal(signal.SIGINT)
        *_, sums = running.stdout.read().splitlines()

    asked = int(sums.partition(" requests: ")[0])
    assert int(rows[-1].split()[1]) <= asked < 3_000_000
    assert sums.startswith(f"{asked} requests: 0 wrong answers, 0 internal errors; {asked} lines, 0 malformed; memory ")


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_what_is_measured_ends_with_the_measurement(
    tmp_path_factory: pytest.TempPathFactory, end: signal.Signals
) -> None:
    command = [sys.executable, str(BENCH / "soak.py"), "--requests", "3000000", "--minute", "0.05"]
    # A short name: a socket is made below it.
    environment = os.environ | {"TMPDIR": str(tmp_path_factory.mktemp("m"))}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as running:
        assert running.stdout is not None
        rows = [running.stdout.readline() for _ in range(2)]
        served = list_descendants(running.pid)
        running.send_signal(end)

    assert all(rows)
    assert len(served) >= 2
    limit = time.monotonic() + 30
    while any(Path(f"/proc/{process}/exe").exists() for process in served):
        assert time.monotonic() < limit
        time.sleep(0.01)


def list_descendants(process: int) -> list[int]:
    found = [*map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split())]
    return found + [one for child in found for one in list_descendants(child)]


def test_the_committed_table_has_each_request_whose_instructions_are_counted() -> None:
    committed = instructions.read_table(instructions.PAGE.read_text())

    assert [*committed] == [one.name for one in counted()]
    assert instructions.list_grown(committed, committed) == []
    grown = committed | {"list": committed["list"] * 1.031, "create, 1 MB": committed["create, 1 MB"] * 1.061}
    assert instructions.list_grown(grown, committed) == ["list", "create, 1 MB"]
    assert instructions.list_grown({"new": 1}, committed) == ["new"]


def test_a_dockerd_of_this_machine_that_is_stopped_is_not_asked() -> None:
    assert portero("hardened", "none").startswith("env PORTERO_LOOKUPS=off ")


def test_make_run_names_the_dockerd_that_it_means() -> None:
    said = subprocess.run(["make", "--dry-run", "run"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert "list_first_steps" in said
    assert "pidof" not in said
