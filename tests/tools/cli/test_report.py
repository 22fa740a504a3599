"""`portero report`: logs as they are on disk, rotated ones too; benchmarks in each form, and what they are made of."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import Result

from portero.observe.process import package_files
from portero.tools.report.benchmark_items import NAMES
from tests.decide.judging.requests import write_files
from tests.tools.cli.running import fault_of, portero, read_json
from tests.tools.report.decisions import line, violation
from tests.tools.report.test_compliance_evidence import report as host_report


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


def test_lines_that_are_no_decisions_are_reported_by_the_exit_status(tmp_path: Path) -> None:
    result = report(tmp_path, line() + b"torn" + b"x" * (2 << 20) + b"\n" + line(), "--json")

    assert result.exit_code == 1
    assert (read_json(result)["decisions"], read_json(result)["unreadableLines"]) == (2, 3)


def test_the_rules_of_the_site_have_their_words_in_the_page(tmp_path: Path) -> None:
    (source,) = package_files.schemas().glob("rules/*/no-privileged.json")
    content = json.loads(source.read_text())
    own = content | {"$schema": "../../rule.json", "title": "Our own title stands here"}
    policy = write_files(tmp_path / "policy", {"rules/site/own-rule.json": own})
    result = report(tmp_path, line(violation("own-rule")), "--schemas", policy)

    assert "Our own title stands here." in result.stdout


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


def run(*arguments: object, text: bytes | None = None) -> Result:
    return portero("report", *arguments, text=text, PORTERO_HOST_ROOT="none")


def verdicts(result: Result) -> dict[str, str]:
    return {item["id"]: item["verdict"] for item in json.loads(result.stdout)["items"]}


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_is_reported_as_text_unless_another_form_is_asked_for(name: str) -> None:
    result = run("--benchmark", name)

    assert result.exit_code == 1
    assert "no check given: see --host-report and --check-host" in result.stdout


def test_every_form_holds_the_evidence_of_the_log(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(line(violation(), profile="baseline") + b"torn\n")
    shown: dict[str, Any] = {
        form: run("--benchmark", "cis", tmp_path / "log.jsonl", "--format", form).stdout
        for form in ("text", "json", "html", "junit")
    }

    assert all("d-0123456789ab" in shown[form] for form in ("text", "json", "html"))
    assert json.loads(shown["json"])["log"]["unreadableLines"] == 1
    assert shown["html"].startswith("<!doctype html>")
    assert ElementTree.fromstring(shown["junit"]).tag == "testsuites"


def test_the_check_of_a_host_is_read_from_a_file_and_from_standard_input(tmp_path: Path) -> None:
    checked = json.dumps(host_report(passed=["live-restore"]))
    (tmp_path / "host.json").write_text(checked)

    for result in (
        run("--benchmark", "cis", "--json", "--host-report", tmp_path / "host.json"),
        run("--benchmark", "cis", "--json", "--host-report", "-", text=checked.encode()),
    ):
        assert (verdicts(result)["2.15"], verdicts(result)["2.16"]) == ("holds", "not checked")


def test_this_host_is_checked_whole_whatever_the_profile(tmp_path: Path) -> None:
    result = run("--benchmark", "cis", "--json", "--profile", "baseline", "--check-host")

    assert json.loads(result.stdout)["host"]["profile"] == "restricted"


def test_profile_and_mode_of_the_policy_decide() -> None:
    hardened, audited = (
        verdicts(run("--benchmark", "cis", "--json", *given))
        for given in (["--profile", "hardened"], ["--mode", "audit"])
    )

    assert (hardened["5.5"], hardened["5.11"]) == ("enforced", "enforced")
    assert (audited["5.5"], audited["5.11"]) == ("reported", "reported")


def test_exit_status_0_when_all_that_can_be_decided_is_met(tmp_path: Path) -> None:
    values = {"actions": {"bind-sources-listed": "deny", "newer-masked-paths": "deny"}, "$schema": "x"}
    (tmp_path / "site.json").write_text(json.dumps(values))

    result = run("--benchmark", "pss", "--profile", "restricted", "--schemas", tmp_path)

    assert result.exit_code == 0, result.stdout
    assert result.stdout.rstrip().endswith("16 enforced, 2 not applicable")


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--check-host"], "--host-report and --check-host: need --benchmark"),
        (["--format", "junit"], "--format junit: needs --benchmark; without it there are html and json"),
        ([], "no log is given: name one (PORTERO_LOG), or - for standard input"),
    ],
)
def test_what_cannot_be_done_ends_with_status_2_and_a_sentence(arguments: list[str], fault: str) -> None:
    result = run(*arguments, text=b"")

    assert (result.exit_code, result.stderr) == (2, f"portero: {fault}\n")


@pytest.mark.parametrize("content", ["", "[]", "{}", "[" * 100_000, '{"passed": 1}', "\x00\xff"], ids=range(6))
def test_a_file_that_is_no_report_of_a_host_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "host.json").write_text(content)

    fault = fault_of(run("--benchmark", "cis", "--host-report", tmp_path / "host.json"))

    assert "not a report of the host; write one with portero host --format json" in fault


def test_the_host_is_checked_or_read_not_both(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text("{}")

    assert run("--benchmark", "cis", "--check-host", "--host-report", tmp_path / "host.json").exit_code == 2
