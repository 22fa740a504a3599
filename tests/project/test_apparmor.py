"""The guide's AppArmor profile: the real parser takes it, and its globs deny what the comments say."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.paths import ROOT

PROFILE = ROOT / "packaging" / "apparmor" / "portero-docker-default"
PARSER = shutil.which("apparmor_parser", path="/usr/sbin:/sbin:/usr/bin:/bin")
if PARSER is None and os.environ.get("CI"):
    raise FileNotFoundError("apparmor_parser: install the package apparmor")

needs_parser = pytest.mark.skipif(PARSER is None, reason="apparmor_parser is missing: install the package apparmor")


def parsed(profile: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [str(PARSER), "--skip-cache", "--skip-kernel-load", *options, str(profile)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def translated() -> dict[str, str]:
    """Each glob and the expression that the parser makes of it."""
    dump = parsed(PROFILE, "--dump", "rule-exprs")
    return dict(re.findall(r"aare: (\S+)\s+->\s+(\S+)\n", dump.stderr + dump.stdout))


def refused(path: str) -> bool:
    """Whether a deny rule of the profile covers writing to the path."""
    rules = re.findall(r"^  deny (/\S+|@\{PROC\}\S+) (\w+),$", PROFILE.read_text(), re.MULTILINE)
    globs = [glob.replace("@{PROC}", "/proc") for glob, permissions in rules if "w" in permissions]
    expressions = translated()
    return any(re.fullmatch(expressions[glob], path) for glob in globs)


@needs_parser
def test_the_parser_takes_the_profile() -> None:
    done = parsed(PROFILE)

    assert (done.returncode, done.stdout) == (0, "")


@needs_parser
def test_the_guides_own_text_is_what_the_parser_refuses(tmp_path: Path) -> None:
    broken = tmp_path / "guide"
    broken.write_text(PROFILE.read_text().replace("attach_disconnected,mediate_deleted", "attach**disconnected"))

    done = parsed(broken)

    assert done.returncode == 1
    assert "Invalid profile flag" in done.stderr


@needs_parser
@pytest.mark.parametrize(
    "path",
    [
        *("/proc/sysrq-trigger", "/proc/kcore", "/proc/acpi/alarm", "/proc/bus/pci/00", "/proc/scsi/scsi"),
        *("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/sysrq", "/proc/sys/kernel/modprobe"),
        *("/proc/sys/kernel/yama/ptrace_scope", "/proc/sys/net/ipv4/ip_forward", "/proc/sys/fs/file-max"),
        *("/proc/sys/vm/overcommit_memory", "/sys/kernel/uevent_helper", "/sys/kernel/security/apparmor/.load"),
        *("/sys/fs/bpf/x", "/sys/firmware/efi/efivars/x", "/sys/class/net/eth0/mtu"),
    ],
)
def test_what_governs_the_host_cannot_be_written(path: str) -> None:
    assert refused(path)


@needs_parser
@pytest.mark.parametrize(
    "path",
    [
        *("/proc/1/oom_score_adj", "/proc/4711/attr/exec", "/proc/sys/kernel/shmmax"),
        *("/proc/sys/kernel/shm_rmid_forced", "/sys/fs/cgroup/memory.max", "/etc/passwd"),
    ],
)
def test_what_belongs_to_the_container_can(path: str) -> None:
    assert not refused(path)


def test_the_profile_does_not_take_the_name_that_dockerd_overwrites() -> None:
    assert re.findall(r"^profile (\S+)", PROFILE.read_text(), re.MULTILINE) == ["docker-guide"]
