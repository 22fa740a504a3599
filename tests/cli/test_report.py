"""`portero report`: logs as they are on disk, rotated ones too."""

import gzip
import json
from pathlib import Path

from click.testing import Result

from portero.files import package_files
from tests.cli.running import fault_of, portero, read_json
from tests.report.decisions import decision, line, violation


def report(folder: Path, content: bytes, *options: object) -> Result:
    """The report on a log with this content."""
    (folder / "log.jsonl").write_bytes(content)
    return portero("report", folder / "log.jsonl", *options)


def test_a_log_becomes_a_page(tmp_path: Path) -> None:
    result = report(tmp_path, line(violation()) + b"\n" + line(), "--output", tmp_path / "page.html")

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"wrote {(tmp_path / 'page.html').as_uri()}; its owner alone reads it\n"
    page = (tmp_path / "page.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "Containers are not privileged" in page


def test_without_output_the_page_goes_to_standard_output(tmp_path: Path) -> None:
    assert portero("report", "-", text=line()).stdout.startswith("<!doctype html>")


def test_rotated_logs_are_counted_together(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(line(violation()))
    (tmp_path / "log.jsonl.1").write_bytes(line(violation()) * 2)
    (tmp_path / "log.jsonl.2.gz").write_bytes(gzip.compress(line(violation()) * 4))

    assert read_json(portero("report", *sorted(tmp_path.iterdir()), "--json"))["refused"] == 7


def test_lines_that_are_no_decisions_are_reported_by_the_exit_status(tmp_path: Path) -> None:
    result = report(tmp_path, line() + b"torn" + b"x" * (2 << 20) + b"\n" + line(), "--json")

    assert result.exit_code == 1
    assert (read_json(result)["decisions"], read_json(result)["unreadableLines"]) == (2, 3)


def test_a_file_without_decisions_is_no_log(tmp_path: Path) -> None:
    fault = fault_of(report(tmp_path, b"\n{}\n"))

    assert fault == (f"portero: {tmp_path}/log.jsonl: no decisions found; name a log of portero (PORTERO_LOG)\n")


def test_an_output_that_cannot_be_written_is_could_not(tmp_path: Path) -> None:
    fault = fault_of(report(tmp_path, line(), "--output", tmp_path))

    assert fault == f"portero: {tmp_path}: Is a directory; name a file that can be written\n"


def test_the_rules_of_the_site_have_their_words_in_the_page(tmp_path: Path) -> None:
    (source,) = package_files.schemas().glob("rules/*/no-privileged.json")
    content = json.loads(source.read_text())
    target = tmp_path / "policy/rules/site/own-rule.json"
    target.parent.mkdir(parents=True)
    target.write_text(json.dumps(content | {"$schema": "../../rule.json", "title": "Our own title stands here"}))
    result = report(tmp_path, line(violation("own-rule")), "--schemas", tmp_path / "policy")

    assert "Our own title stands here." in result.stdout


def test_a_line_of_another_version_is_no_decision(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(json.dumps(decision(version=1)) + "\n" + json.dumps(decision()))

    result = portero("report", tmp_path / "log.jsonl", "--json")

    assert (read_json(result)["decisions"], read_json(result)["unreadableLines"]) == (1, 1)


def test_the_page_is_its_owners_and_no_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(line(violation()))
    page, link = tmp_path / "page.html", tmp_path / "link.html"
    page.write_text("old")
    page.chmod(0o644)
    link.symlink_to(tmp_path / "elsewhere")

    made, refused = (portero("report", tmp_path / "log.jsonl", "--output", file) for file in (page, link))

    assert (made.exit_code, page.stat().st_mode & 0o777) == (0, 0o600)
    assert refused.exit_code == 2
    assert "is a symbolic link" in refused.stderr
    assert not (tmp_path / "elsewhere").exists()


def test_the_page_suggests_what_would_have_made_the_requests_legal(tmp_path: Path) -> None:
    result = report(tmp_path, line(violation("no-host-pid"), image="netops/probe:1"))

    assert "exceptions/probe-alice.json: 1 request; waives no-host-pid of baseline" in result.stdout
