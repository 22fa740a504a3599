"""Nothing that a command prints steers the terminal or forges a line, whatever the names that others chose."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from portero.decide.identity import key_pairs
from portero.serve.signing import signature
from portero.serve.signing.manifest import Manifest
from portero.tools.terminal.output import show_json, show_lines, show_text
from tests.decide.judging.requests import write_files
from tests.paths import PACKAGE
from tests.tools.cli.running import portero
from tests.tools.report import decisions

# Erases the line before it, begins one of its own, turns the writing direction, is a C1 control and no UTF-8.
HOSTILE = "x\x1b[1A\x1b[2K\nFORGED \u202e\x9b2J\x07\r\ud800"
# What a file can be called.
NAME = HOSTILE.replace("\ud800", "").replace("/", "")
KEY = key_pairs.make_key()


def assert_plain(output: str) -> None:
    assert "FORGED" in output, "the hostile text is shown at all"
    lines = output.split("\n")
    assert [line for line in lines if not line.isprintable()] == []
    assert [line for line in lines if line.startswith("FORGED")] == []


def fill(value: Any) -> Any:
    """The same document with a hostile text for each text in it."""
    if isinstance(value, dict):
        return {name: fill(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner) for inner in value]
    return HOSTILE if isinstance(value, str) else value


def logged(**hostile: str) -> bytes:
    return json.dumps(decisions.decision(decisions.violation(), **hostile)).encode() + b"\n"


def verify_changed(folder: Path, signed_at: str = "2026-11-24T15:00:00Z") -> list[str]:
    signed = {signature.NAME: signature.sign({}, 1, signed_at, KEY, "web"), NAME: b""}
    policy = write_files(folder / "policy", signed)
    (folder / "key.pub").write_bytes(key_pairs.encode_public(KEY.public_key()))
    return ["verify", str(policy), "--trusted", str(folder / "key.pub")]


def verify_manifest(folder: Path) -> list[str]:
    """What is signed is believed, but the signer's texts are still texts."""
    arguments = verify_changed(folder, NAME)
    (folder / "policy" / NAME).unlink()
    return arguments


def verify_foreign_key(folder: Path) -> list[str]:
    arguments = verify_manifest(folder)
    text = json.loads((folder / "policy" / signature.NAME).read_bytes())
    manifest = Manifest(1, NAME, NAME, "web", {})
    (folder / "policy" / signature.NAME).write_bytes(manifest.encode_with(b"x" * 64))
    assert text["key"] != NAME
    return arguments


def check_file_name(folder: Path) -> list[str]:
    file = folder / f"{NAME}.json"
    file.write_text("{}")
    return ["check", str(file), "--operation", "ContainerCreate", "--host-root", "none"]


def check_inspected(folder: Path) -> list[str]:
    file = folder / "inspected.json"
    shown = {"Id": "0" * 64, "Name": f"/{HOSTILE}", "Config": {"Image": HOSTILE}, "HostConfig": {"Privileged": True}}
    file.write_text(json.dumps([shown]))
    return ["check", str(file), "--host-root", "none"]


def check_field_name(folder: Path) -> list[str]:
    file = folder / "body.json"
    file.write_text(json.dumps({"Image": "busybox", NAME: 1}))
    return ["check", str(file), "--operation", "ContainerCreate", "--host-root", "none"]


def replay(folder: Path) -> list[str]:
    file = folder / f"{NAME}.jsonl"
    decision = fill(decisions.decision(decisions.violation())) | {"version": 2, "allowed": True}
    envelope = {"RequestMethod": "POST", "RequestUri": "/v1.45/containers/create", "RequestBody": "e30="}
    file.write_text(json.dumps({"format": 1, "phase": "req", "envelope": envelope, "decision": decision}) + "\n")
    return ["replay", str(file), "--host-root", "none"]


def explain(folder: Path) -> list[str]:
    file = folder / "log.jsonl"
    names = ("user", "operation", "path", "image")
    file.write_bytes(logged(**dict.fromkeys(names, HOSTILE)))
    return ["explain", "d-0123456789ab", "--log", str(file)]


def report(folder: Path) -> list[str]:
    file = folder / "log.jsonl"
    file.write_bytes(logged(**dict.fromkeys(("user", "operation", "image"), HOSTILE)))
    return ["report", str(file), "--json"]


def bad_policy(folder: Path) -> list[str]:
    write_files(folder, {f"rules/x/{NAME}.json": {}})
    return ["rules", "--schemas", str(folder)]


def bad_rule(folder: Path) -> list[str]:
    write_files(folder, {"rules/x/some-rule.json": {NAME: 1}})
    return ["test", str(folder)]


def sign_link(folder: Path) -> list[str]:
    (folder / "policy").mkdir()
    (folder / "policy" / NAME).symlink_to("/etc/passwd")
    (folder / "key").write_bytes(key_pairs.encode_private(KEY))
    (folder / "key").chmod(0o600)
    return ["sign", str(folder / "policy"), "--for", "web", "--key", str(folder / "key")]


def sign_folder(folder: Path) -> list[str]:
    arguments = sign_link(folder)
    (folder / "policy").rename(folder / NAME)
    (folder / NAME / NAME).unlink()
    return ["sign", str(folder / NAME), *arguments[2:]]


COMMANDS: list[Callable[[Path], list[str]]] = [
    *(verify_changed, verify_manifest, verify_foreign_key, check_file_name, check_inspected, replay),
    *(explain, report, bad_policy, bad_rule, sign_link, sign_folder),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_no_command_prints_a_hostile_text_as_it_is(tmp_path: Path, command: Callable[[Path], list[str]]) -> None:
    result = portero(*command(tmp_path))

    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert_plain(result.output)


@pytest.mark.parametrize("form", ["json", "sarif", "junit"])
@pytest.mark.parametrize("command", [check_file_name, check_inspected, check_field_name], ids=lambda one: one.__name__)
def test_no_format_prints_hostile_text_as_is(tmp_path: Path, command: Callable[[Path], list[str]], form: str) -> None:
    result = portero(*command(tmp_path), "--format", form)

    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert [line for line in result.output.split("\n") if not line.isprintable()] == []


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_status_prints_no_text_of_another_process_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    answer = {"attention": [HOSTILE], "signed": {HOSTILE: {"key": HOSTILE}}, HOSTILE: HOSTILE}
    monkeypatch.setattr("portero.tools.cli.status_command.ask_status", lambda socket: answer)

    result = portero("status", "--socket", str(tmp_path / "socket"), *options)

    assert_plain(result.output)
    if options:
        assert json.loads(result.stdout) == answer


def test_a_line_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    show_lines(["José 漢字", HOSTILE])

    assert capsys.readouterr().out == "José 漢字\nx?[1A?[2K?FORGED ??2J???\n"


def test_a_text_keeps_its_lines_and_tabs_become_spaces(capsys: pytest.CaptureFixture[str]) -> None:
    show_text("a\tb\n\x1b[1mc\n", err=True)

    assert capsys.readouterr().err == "a       b\n?[1mc\n"


@pytest.mark.parametrize("indent", [2, None])
def test_a_json_document_keeps_its_meaning(capsys: pytest.CaptureFixture[str], indent: int | None) -> None:
    document = {"José": [HOSTILE, "\x00\x7f\x85\u2028\U000e0001", 1.5]}

    show_json(document, indent)

    printed = capsys.readouterr().out
    assert json.loads(printed) == document
    assert [line for line in printed.split("\n") if not line.isprintable()] == []
    assert "José" in printed


def test_commands_print_through_one_module_only() -> None:
    printing = {
        str(module.relative_to(PACKAGE))
        for room in ("cli", "compose", "terminal")
        for module in (PACKAGE / "tools" / room).glob("*.py")
        if "echo(" in module.read_text() or "print(" in module.read_text().replace("printable(", "")
    }

    assert printing == {"tools/terminal/output.py"}
