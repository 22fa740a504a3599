"""The report in a real browser: at desk and phone widths, in both colour schemes, nothing sticks out to the side."""

import html
import json
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.packaging.commands import run

from .conftest import give_up
from .host import REPOSITORY

BROWSER = shutil.which("chromium")
# The page forbids scripts; only this copy of it has one, which tells the frame around it how it came out. A window of
# its own would be 500 pixels wide at least.
FORBIDS = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
MEASURE = Path(__file__).with_name("measure.html").read_text()
FRAME = """<!doctype html><meta name="color-scheme" content="light dark">
<script>addEventListener("message", event => document.documentElement.dataset.measured = event.data);</script>
<iframe src="page.html" style="border: 0; height: 900px; width: {width}px"></iframe>"""
MEASURED = re.compile(r'data-measured="([^"]*)"')
LIGHT, DARK = 1, 0


@dataclass(frozen=True)
class Measured:
    """What the browser made of the page."""

    width: int
    scrolls: int
    out: list[str]
    paper: str
    bars: int
    title: str


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of a log with names that are as long as names can be, every rule open."""
    if BROWSER is None:
        give_up("no browser to look at the report with: apt-get install chromium")
    log = tmp_path_factory.mktemp("report") / "decisions.jsonl"
    log.write_text("\n".join(json.dumps(_decision(number)) for number in range(400)))
    environment = {"PYTHONPATH": str(REPOSITORY / "plugin"), "PATH": os.environ["PATH"]}
    made = run(sys.executable, "-m", "portero", "report", log, env=environment)
    made.check_returncode()
    return made.stdout.replace("<details>", "<details open>")


def _decision(number: int) -> dict[str, object]:
    long = ("x" * 300, "a b " * 70, "registry.example.com:5000/" + "department/" * 15 + "app", "<b>", "")[number % 5]
    rules = ("no-privileged", "memory-limit", "network-icc", "body-hidden", "y" * 200)
    levels = ("baseline", "hardened", "hardened", "always", "baseline")
    violation = {
        "rule": rules[number % 5],
        "level": levels[number % 5],
        "at": f"HostConfig.{long or 'Memory'}",
        "action": ("deny", "audit", "waived")[number % 3],
        "exception": long,
    }
    return {
        "version": 2,
        "id": f"d-{number:012x}",
        "time": f"2026-11-{1 + number % 28:02}T{number % 24:02}:00:00.000Z",
        "user": long,
        "operation": ("ContainerCreate", "ServiceCreate")[number % 2],
        "apiVersion": "1.45",
        "method": "POST",
        "path": "/containers/create",
        "image": long or None,
        "allowed": violation["action"] != "deny",
        "mode": "enforce",
        "profile": "hardened",
        "violations": [violation] if number % 4 else [],
        "policy": "ab" * 32,
        "microseconds": 700,
    }


def looked_at(page: str, folder: Path, width: int, scheme: int) -> Measured:
    (folder / "page.html").write_text(FORBIDS.sub("", page).replace("</body>", MEASURE + "</body>"))
    shown = dumped(folder, width, scheme)
    found = MEASURED.search(shown)
    assert found is not None, shown
    return Measured(**json.loads(html.unescape(found[1])))


def dumped(folder: Path, width: int, scheme: int) -> str:
    """What the browser makes of page.html in this folder, in a frame of this width."""
    frame = folder / "frame.html"
    frame.write_text(FRAME.format(width=width))
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
    # Without a desktop there is no other way to say what is preferred.
    prefers = f"--blink-settings=preferredColorScheme={scheme}"
    own = (f"--user-data-dir={folder}/browser", "--window-size=1400,1000", "--virtual-time-budget=2000")
    shown = run(str(BROWSER), *options, prefers, *own, "--dump-dom", frame.as_uri(), timeout=120)
    shown.check_returncode()
    return shown.stdout


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_sticks_out_at_any_width_in_any_light(page: str, tmp_path: Path, width: int, scheme: int) -> None:
    measured = looked_at(page, tmp_path, width, scheme)

    assert measured.width == width
    assert measured.scrolls <= width
    assert measured.out == []
    assert measured.bars > 20
    assert measured.paper == ("rgb(255, 255, 255)" if scheme == LIGHT else "rgb(13, 17, 23)")


def test_the_page_as_it_is_runs_no_script(page: str, tmp_path: Path) -> None:
    # The same script, put into the page without lifting what the page forbids.
    (tmp_path / "page.html").write_text(page.replace("</body>", MEASURE + "</body>"))

    shown = dumped(tmp_path, 1280, LIGHT)

    assert "<iframe" in shown
    assert MEASURED.search(shown) is None
