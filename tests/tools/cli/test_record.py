"""Recording at the real server, and the way from a recording to its replay."""

import json
from pathlib import Path

from tests.serve.server.commands import ask, command, create, run, serve
from tests.serve.server.running import started


def test_what_dockerd_asked_is_recorded_and_replays_as_it_was_decided(tmp_path: Path) -> None:
    file, path = tmp_path / "requests.jsonl", tmp_path / "portero.sock"
    with started(serve(tmp_path, "--profile", "baseline"), path, PORTERO_RECORD=str(file)) as running:
        ask(running, create())
        ask(running, create(Privileged=True))
        assert ask(running, b"")["Allow"] is False

    replayed = run("replay", str(file), "--json", "--profile", "baseline", "--host-root", "none")

    assert replayed.returncode == 0, replayed.stdout
    told = json.loads(replayed.stdout)
    assert (told["compared"], told["unchanged"], told["notStored"]) == (2, 2, 1)
    decisions = [json.loads(line)["decision"] for line in file.read_text().splitlines()]
    logged = [json.loads(line) for line in (tmp_path / "decisions.jsonl").read_text().splitlines()]
    assert sorted(one["id"] for one in decisions) == sorted(one["id"] for one in logged)


def test_the_command_record_serves_and_records(tmp_path: Path) -> None:
    options = serve(tmp_path, "--mode", "audit")[3:]
    with started(command("record", "requests.jsonl", *options), tmp_path / "portero.sock") as running:
        assert ask(running, create(Privileged=True))["Allow"] is True

    replayed = run("replay", str(tmp_path / "requests.jsonl"), "--json", "--profile", "baseline", "--host-root", "none")
    assert replayed.returncode == 1
    assert json.loads(replayed.stdout)["wouldBeRefused"]["by"]["rule"] == {"no-privileged": 1}


def test_a_place_for_the_recording_that_cannot_be_had_is_found_before_a_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    told = run(*serve(tmp_path, "--check")[2:], PORTERO_RECORD=str(tmp_path / "file" / "requests.jsonl"))

    assert told.returncode == 2
    assert told.stderr.startswith(f"portero: PORTERO_RECORD: {tmp_path}/file/requests.jsonl: ")
    assert not (tmp_path / "portero.sock").exists()
