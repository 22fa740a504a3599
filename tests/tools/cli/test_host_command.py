"""`portero host`: what it prints and with which status it ends."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.decide.judging.requests import write_files
from tests.tools.cli.running import fault_of, portero
from tests.tools.hostcheck.host_tree import Host

SETTINGS = {
    **{"kernel/dmesg_restrict": "1", "kernel/kptr_restrict": "2", "kernel/unprivileged_bpf_disabled": "2"},
    **{"kernel/yama/ptrace_scope": "1", "net/ipv4/ip_forward": "1", "net/ipv4/conf/all/forwarding": "1"},
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A host without Docker on which everything is right."""
    files = {f"proc/sys/{name}": value for name, value in SETTINGS.items()} | {
        "proc/1/comm": "init\n",
        "proc/swaps": "Filename\n",
        "proc/sys/kernel/osrelease": "6.12.48+deb13-amd64\n",
        "boot/vmlinuz-6.12.48+deb13-amd64": "",
        "sys/kernel/security/lsm": "lockdown,yama,apparmor",
        "sys/kernel/security/lockdown": "none [integrity] confidentiality",
        "sys/kernel/security/apparmor/profiles": "docker-default (enforce)\n",
        "sys/module/apparmor/parameters/enabled": "Y",
    }
    return write_files(tmp_path, {name: text.encode() for name, text in files.items()})


def run(root: Path, *arguments: str) -> Result:
    return portero("host", "--root", root, *arguments)


def test_a_host_without_docker_can_be_clean_and_says_what_does_not_apply(root: Path) -> None:
    result = run(root)

    assert result.exit_code == 0
    first, last = result.output.splitlines()
    assert first.startswith("Docker is not installed here: ")
    assert last.startswith("profile hardened: 0 violated, 0 unknown, 0 only reported, ")


KPTR = "proc/sys/kernel/kptr_restrict"


@pytest.mark.parametrize(
    ("file", "text", "status", "begins"),
    [
        (
            *(KPTR, "0", 1),
            "violated   kernel-pointers-hidden: /proc/sys/kernel/kptr_restrict (is 0)\n"
            "           An attacker who knows addresses in the kernel can exploit a bug much more easily.\n"
            "           -> put kernel.kptr_restrict = 1 into /etc/sysctl.d/60-hardening.conf, then run sysctl --",
        ),
        (KPTR, "odd", 1, "unknown    kernel-pointers-hidden: /proc/sys/kernel/kptr_restrict\n"),
        (
            *("proc/swaps", "Filename\n/dev/sda2 partition 1 0 -2\n", 0),
            '(violated) no-host-swap: /proc/swaps (is ["/dev/sda2"])\n',
        ),
    ],
    ids=["violated", "cannot be read", "only reported"],
)
def test_a_finding_has_place_value_reason_and_remedy(
    root: Path, file: str, text: str, status: int, begins: str
) -> None:
    (root / file).write_text(text)

    result = run(root)

    assert result.exit_code == status
    assert result.output.startswith(begins)


def test_machines_get_findings_summary_and_the_host_document(root: Path) -> None:
    (root / KPTR).write_text("0")

    result = run(root, "--json", "--profile", "restricted")

    outcome: Any = json.loads(result.output)
    assert (result.exit_code, outcome["profile"], outcome["clean"]) == (1, "restricted", False)
    assert outcome["summary"]["violated"] == len(outcome["findings"]) == 1
    assert outcome["findings"][0] == {
        **{"rule": "kernel-pointers-hidden", "level": "hardened", "status": "violated", "action": "deny"},
        "at": "/proc/sys/kernel/kptr_restrict",
        "reason": "An attacker who knows addresses in the kernel can exploit a bug much more easily.",
        "remedy": "put kernel.kptr_restrict = 1 into /etc/sysctl.d/60-hardening.conf, then run sysctl --system",
        "sources": ["G1"],
    }
    assert "no-kexec" in outcome["passed"]
    assert "guarded-by-portero" in outcome["notApplicable"]
    assert outcome["host"]["kernel"]["settings"]["kernel.kptr_restrict"]["value"] == 0


def test_an_invalid_policy_ends_with_two(root: Path, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "site", {"site.json": {"engine-minimum": "latest"}})

    fault = fault_of(run(root, "--schemas", str(folder)))

    assert "engine-minimum: write two or three numbers with points between them, such as 25.0.6" in fault


def test_a_root_that_is_not_there_ends_with_two(tmp_path: Path) -> None:
    assert run(tmp_path / "nothing").exit_code == 2


def test_dockerd_is_asked_at_the_address_that_is_given(root: Path) -> None:
    write_files(root, {"usr/bin/dockerd": b""})

    result = run(root, "--docker-host", f"unix://{root}/nobody.sock", "--no-probe")

    assert result.exit_code == 1
    assert "unknown    engine-minimum" in result.output


def test_baseline_names_the_users_of_docker_and_hardened_does_not(root: Path) -> None:
    write_files(root, {"etc/group": b"docker:x:990:alicia\n", "etc/passwd": b"root:x:0:0::/root:/bin/sh\n"})

    baseline, hardened = run(root, "--profile", "baseline", "--no-probe"), run(root, "--no-probe")

    assert baseline.output.startswith("alicia may use Docker: baseline does not hold against people with an account")
    assert "may use Docker" not in hardened.output
    (warning,) = json.loads(run(root, "--profile", "baseline", "--json", "--no-probe").output)["warnings"]
    assert warning in baseline.output


@pytest.mark.parametrize(
    ("form", "start", "words"),
    [
        ("text", "violated   kernel-pointers-hidden", "1 violated"),
        ("json", "{", '"status": "violated"'),
        ("junit", "<?xml", '<failure type="violated"'),
        ("sarif", "{", '"ruleId": "kernel-pointers-hidden"'),
        ("html", "<!doctype html>", "kernel-pointers-hidden"),
    ],
)
def test_every_format_has_the_finding_and_the_same_exit_status(root: Path, form: str, start: str, words: str) -> None:
    (root / "proc/sys/kernel/kptr_restrict").write_text("0")

    result = run(root, "--format", form)

    assert result.exit_code == 1
    assert result.output.startswith(start)
    assert words in result.output


def test_a_key_that_is_a_flag_already_is_not_just_to_be_written_into_the_file(tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.dockerd("--userland-proxy=true")

    lines = run(tmp_path, "--no-probe").output.splitlines()

    assert [line.strip() for line in lines if '"userland-proxy": false' in line] == [
        '-> write "userland-proxy": false into /etc/docker/daemon.json and restart dockerd; '
        "take --userland-proxy off dockerd's command line first: it does not start with both"
    ]
