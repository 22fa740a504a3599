"""`portero replay`: what a candidate policy decides differently, over recordings of any length."""

import gzip
import json
import os
import pty
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result

from portero.decide.decision import Subject, Violation, make_refusal
from portero.decide.identity.caller import Identity
from portero.decide.interfaces.host_notes import HostNotes
from portero.serve.application.loading import judge_of
from portero.serve.settings.settings import Settings
from portero.tools.recording import recorded_line
from tests.decide.images.signed import new_key, public_pem
from tests.decide.judging import requests
from tests.decided import decided
from tests.observe.host.fixed_objects import FixedHost
from tests.paths import ROOT
from tests.tools.cli.running import fault_of, portero, read_json

READS = b'{"RequestMethod": "GET", "RequestUri": "/v1.45/containers/json"}'


def replay(*arguments: object, text: bytes | None = None) -> Result:
    return portero("replay", *arguments, "--host-root", "none", "--profile", "baseline", text=text)


def replay_lines(folder: Path, content: bytes, *options: object) -> Result:
    (folder / "requests.jsonl").write_bytes(content)
    return replay(folder / "requests.jsonl", *options)


def asked(uri: str = "/v1.45/containers/create", **host_config: object) -> bytes:
    return requests.envelope("POST", uri, {"Image": "busybox", "HostConfig": host_config}, User="alice")


def line(data: bytes, *codes: str, number: int = 1) -> bytes:
    subject = Subject(operation="ContainerCreate", user="alice", image="busybox")
    return record(data, subject, f"d-{number}", *(make_refusal(code, "Image") for code in codes))


def record(data: bytes, subject: Subject, id: str, *violations: Violation, notes: HostNotes | None = None) -> bytes:
    decision = decided(*violations, id=id, subject=subject, profile="baseline")
    return recorded_line.make_record(data, decision, 1 << 20, notes)


def test_a_recording_that_is_decided_as_it_was_is_clean(tmp_path: Path) -> None:
    result = replay_lines(tmp_path, line(asked()) + b"\n" + line(asked(Privileged=True), "unknown-field"))

    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "2 requests compared, 2 unchanged",
        "0 would be denied that were allowed",
        "0 would be allowed that were denied",
    ]


def test_what_would_be_refused_and_allowed_is_reported_by_rule_user_image_and_operation(tmp_path: Path) -> None:
    file = tmp_path / "requests.jsonl"
    file.write_bytes(line(asked(Privileged=True), number=1) + line(asked(), "unknown-field", number=2))

    result, document = replay(file), read_json(replay(file, "--json"))

    assert (document["compared"], document["wouldBeRefused"]["by"]["rule"]) == (2, {"no-privileged": 1})
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "2 requests compared, 0 unchanged",
        "1 would be denied that were allowed",
        "  by rule      1 no-privileged",
        "  by user      1 alice",
        "  by image     1 busybox",
        "  by operation 1 ContainerCreate",
        f"  {file}:1  d-1  ContainerCreate busybox: no-privileged HostConfig.Privileged",
        "1 would be allowed that were denied",
        "  by rule      1 unknown-field",
        "  by user      1 alice",
        "  by image     1 busybox",
        "  by operation 1 ContainerCreate",
        f"  {file}:2  d-2  ContainerCreate busybox: unknown-field Image",
    ]


def test_recordings_that_were_rotated_are_compared_as_one(tmp_path: Path) -> None:
    lines = [
        line(asked(Privileged=number % 3 == 0), *["unknown-field"] * (number % 5 == 0), number=number)
        for number in range(60)
    ]
    lines[7:7] = [b"torn\n", b"\n", READS + b"\n"]
    (tmp_path / "requests.jsonl").write_bytes(b"".join(lines))
    (tmp_path / "requests.jsonl.1.gz").write_bytes(gzip.compress(b"".join(lines[::2])))
    (tmp_path / "whole.jsonl").write_bytes(b"".join(lines + lines[::2]))

    rotated, whole = (
        read_json(replay(*(tmp_path / name for name in names), "--json"))
        for names in (["requests.jsonl", "requests.jsonl.1.gz"], ["whole.jsonl"])
    )

    assert [example.pop("line") for example in rotated["wouldBeRefused"]["examples"]] == [
        f"{tmp_path}/requests.jsonl:{number}" for number in (4, 7, 13, 16, 22, 25, 28, 31, 37, 40)
    ]
    for part in (whole["wouldBeRefused"], rotated["wouldBeAllowed"], whole["wouldBeAllowed"]):
        for example in part["examples"]:
            example.pop("line")
    assert rotated == whole


def test_two_policies_are_compared_whatever_was_decided(tmp_path: Path) -> None:
    lenient = requests.write_files(tmp_path / "lenient", {"site.json": {"actions": {"no-privileged": "off"}}})
    strict = requests.write_files(tmp_path / "strict", {"site.json": {}})
    file = tmp_path / "requests.jsonl"
    file.write_bytes(line(asked(Privileged=True), "unknown-field"))

    stricter = read_json(replay(file, "--against", lenient, "--json"))
    looser = read_json(replay(file, "--schemas", lenient, "--against", strict, "--json"))

    assert (stricter["wouldBeRefused"]["count"], stricter["wouldBeAllowed"]["count"]) == (1, 0)
    assert (looser["wouldBeRefused"]["count"], looser["wouldBeAllowed"]["count"]) == (0, 1)


def test_a_bare_capture_counts_as_allowed_and_says_so(tmp_path: Path) -> None:
    capture = {"phase": "req", "envelope": json.loads(asked())}
    answer = {"phase": "res", "envelope": {}}
    (tmp_path / "capture.jsonl").write_text(f"{json.dumps(capture)}\n{json.dumps(answer)}\n")

    result = replay(tmp_path / "capture.jsonl")

    assert result.exit_code == 0
    assert result.output.splitlines()[0] == "1 requests compared, 1 unchanged"
    assert result.output.splitlines()[-1] == "1 have no recorded decision and count as allowed"


@pytest.mark.parametrize(
    ("content", "status", "sentence"),
    [
        (
            line(b"", "envelope-empty"),
            0,
            "1 were not stored, since their secrets cannot be masked, and are not compared",
        ),
        (b'{"torn": \n' + b"x" * 100 + b"\n", 2, "2 lines could not be read"),
    ],
    ids=["withheld", "torn"],
)
def test_lines_that_cannot_be_compared_are_counted(tmp_path: Path, content: bytes, status: int, sentence: str) -> None:
    result = replay_lines(tmp_path, line(asked()) + content)

    assert result.exit_code == status
    assert sentence in result.output


def test_compressed_recordings_and_standard_input_are_read(tmp_path: Path) -> None:
    (tmp_path / "requests.jsonl.gz").write_bytes(gzip.compress(line(asked()) * 3))

    document = read_json(replay(tmp_path / "requests.jsonl.gz", "-", "--json", text=line(asked()) * 2))

    assert document["compared"] == 5


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(b"x" * 1000)[:-9]], ids=["other", "cut"])
def test_an_invalid_archive_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "requests.jsonl.gz").write_bytes(content)

    assert fault_of(replay(tmp_path / "requests.jsonl.gz")).startswith(f"portero: {tmp_path}/requests.jsonl.gz: ")


def test_an_invalid_candidate_is_named(tmp_path: Path) -> None:
    (tmp_path / "site.json").write_text("{")
    fault = fault_of(replay_lines(tmp_path, line(asked()), "--schemas", tmp_path))

    assert fault.startswith(f"portero: {tmp_path}/site.json: ")


# Not getrusage: its peak begins with that of the process that started this one, all tests before included.
PEAK = """
import atexit, re, runpy, sys
from pathlib import Path
def write():
    (peak,) = re.findall(r"^VmHWM:\\s+(\\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    Path(sys.argv[2] + ".peak").write_text(peak)
atexit.register(write)
runpy.run_module("portero", run_name="__main__", alter_sys=True)
"""


def replayed(file: Path, stderr: int, *program: str) -> "subprocess.Popen[str]":
    command = [sys.executable, *(program or ("-m", "portero")), "replay", str(file), "--json", "--host-root", "none"]
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "plugin"), "TERM": "xterm"}
    return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=stderr, text=True)


def test_a_terminal_gets_a_progress_bar(tmp_path: Path) -> None:
    file = tmp_path / "requests.jsonl"
    file.write_bytes(line(asked()) * 600)
    terminal, other_side = pty.openpty()

    process = replayed(file, other_side)
    output, _ = process.communicate(timeout=60)
    os.close(other_side)
    shown = os.read(terminal, 1 << 16).decode()
    os.close(terminal)

    assert json.loads(output)["compared"] == 600
    assert str(file) in shown
    assert "100%" in shown


def test_twenty_thousand_requests_take_no_more_memory_than_five_hundred(tmp_path: Path) -> None:
    def peak(number: int) -> int:
        file = tmp_path / "requests.jsonl"
        with file.open("wb") as opened:
            for place in range(number):
                # Most of what clients ask only reads.
                data = asked(f"/v1.45/containers/create?name=web-{place}") if place % 10 == 0 else READS
                opened.write(line(data, number=place))
        output, _ = replayed(file, subprocess.DEVNULL, "-c", PEAK).communicate(timeout=300)
        assert json.loads(output)["compared"] == number
        return int(file.with_name(f"{file.name}.peak").read_text())

    few, many = peak(500), peak(20_000)

    print(few, many)
    assert many < few + 6 * 1024


def test_a_decision_of_another_log_version_is_no_line_of_a_recording(tmp_path: Path) -> None:
    other = json.loads(line(asked(Privileged=True), "unknown-field"))
    other["decision"]["version"] = 1
    lines = json.dumps(other).encode() + b"\n" + line(asked(), "unknown-field")
    document = read_json(replay_lines(tmp_path, lines, "--json"))

    assert (document["compared"], document["unreadable"]) == (1, 1)


def test_a_request_with_a_token_is_decided_again_as_its_user(tmp_path: Path) -> None:
    envelope = json.loads(asked())
    envelope["RequestHeaders"]["X-Portero-Token"] = "a.b.c"
    asker = Subject(operation="ContainerCreate", user="alice", groups=("ops",), identified_by="token")
    notes = HostNotes({"identity": {"": Identity("alice", ("ops",), "token", seconds=900.0)}})
    recorded = record(json.dumps(envelope).encode(), asker, "d-1", notes=notes)

    document = read_json(replay_lines(tmp_path, recorded, "--json"))

    assert (document["compared"], document["unchanged"]) == (1, 1)


VOUCHED = {"name": "busybox", "repository": "x", "pin": "", "keys": "team.pem", "found": "none", "command": "sign"}


@pytest.mark.parametrize("vouched", [None, True, False])
def test_who_vouches_for_an_image_counts_as_recorded_and_is_said_unknown(tmp_path: Path, vouched: bool | None) -> None:
    site = {"image-trust": [{"images": "*", "keys": "team.pem"}], "actions": {"image-signed": "deny"}}
    requests.write_files(tmp_path / "site", {"site.json": site, "keys/team.pem": public_pem(new_key())})
    fact = {**VOUCHED, "vouched": vouched, "deniedBy": "", "deniedFor": "", "at": "Image"}
    notes = HostNotes({"objects": {"": {"vouching": [fact]} if vouched is not None else {}}})
    subject = Subject(operation="ContainerCreate", user="alice", image="busybox")
    content = b"\n".join([record(asked(), subject, "d-1", notes=notes), line(asked()), record(READS, subject, "d-2")])

    (tmp_path / "requests.jsonl").write_bytes(content)
    told = portero("replay", tmp_path / "requests.jsonl", "--schemas", tmp_path / "site", "--profile", "baseline")

    # The image of the second is not looked up on the machine of the replay.
    assert f"{1 if vouched is False else 0} would be denied that were allowed" in told.output
    assert "2 run images: who vouches for them by this policy is not known, what was recorded counts" in told.output


def test_what_the_host_said_is_part_of_a_recording(tmp_path: Path) -> None:
    closed = {"builder": {"entitlements": {"network-host": False, "security-insecure": False, "device": False}}}
    recording = replace(judge_of(Settings.read({}, {})), host=FixedHost({"daemon": closed, "devices": "closed"}))
    session = json.dumps({"RequestMethod": "POST", "RequestUri": "/v1.45/session"}).encode()
    notes = HostNotes()
    decision = recording.decide(session, "d-1", time.time(), notes=notes)
    noted, alone = (recorded_line.make_record(session, decision, 1 << 20, each) for each in (notes, None))
    (tmp_path / "noted").write_bytes(noted)
    (tmp_path / "alone").write_bytes(alone)

    known, unknown, elsewhere = (
        portero("replay", tmp_path / name, "--profile", "hardened", *options)
        for name, options in (("noted", []), ("alone", []), ("noted", ["--host-root", "none"]))
    )

    assert decision.allowed
    assert known.output.splitlines()[0] == "1 requests compared, 1 unchanged"
    assert [one.output.splitlines()[1] for one in (unknown, elsewhere)] == ["1 would be denied that were allowed"] * 2


def test_a_file_without_lines_is_named(tmp_path: Path) -> None:
    fault = fault_of(replay_lines(tmp_path, b""))

    assert fault.endswith(
        f"portero: {tmp_path}/requests.jsonl: no recorded requests found; name a recording (PORTERO_RECORD)\n"
    )
