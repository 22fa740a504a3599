"""`portero check --fix` makes legal what lacks limits, shows first, and says what is left and what it costs."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from ruamel.yaml import YAML

from portero.tools.compose import override, run
from tests.tools.cli.running import portero
from tests.tools.compose.test_requests import needs_compose
from tests.unix_server import Handler, responding

pytestmark = needs_compose


def fix(file: Path, *options: str) -> Result:
    return portero("check", "--profile", "hardened", "--host-root", "none", "--fix", file, *options)


def test_it_is_shown_first_and_kept_on_demand(tmp_path: Path) -> None:
    file, override = tmp_path / "compose.yaml", tmp_path / "compose.override.yaml"
    file.write_text("services: {web: {image: busybox}}")

    shown = fix(file)
    assert (shown.exit_code, override.exists()) == (0, False)
    assert "      mem_limit: 1g" in shown.output
    assert shown.output.splitlines()[-2:] == [f"--write keeps it as {override}", "every service is allowed with it"]
    kept = fix(file, "--write")
    assert (kept.exit_code, f"wrote {override}" in kept.output) == (0, True)
    assert fix(file).output.splitlines()[-1] == "every service is allowed as it is"


def test_what_is_left_has_its_line_and_its_cost(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    volumes = "['/run/docker.sock:/run/docker.sock', '/srv/files:/files']"
    file.write_text(f"services:\n  manager:\n    image: busybox\n    volumes: {volumes}\n")

    result = fix(file)

    assert result.exit_code == 1
    assert f"{file}:2 (manager): to decide" in result.output
    assert "  costs: what manages Docker through the socket" in result.output
    assert '{"bind-sources-writable": ["/srv/files"]}' in result.output
    assert result.output.splitlines()[-1] == "1 left to decide"


def test_a_mount_of_the_whole_host_has_a_cure_and_a_cost_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text("services: {agent: {image: busybox, volumes: ['/:/host:ro']}}\n")

    output = fix(file).output

    assert (
        "Mount the folders that it needs instead, read-only. A monitor reads /proc and /sys by an exception" in output
    )
    assert "  costs: what reads the whole host (monitors, backups) reads what it gets then" in output
    assert "manages Docker" not in output


def test_what_only_reads_becomes_read_only_and_a_database_does_not(tmp_path: Path) -> None:
    file, override = tmp_path / "compose.yaml", tmp_path / "compose.override.yaml"
    file.write_text(
        "services:\n"
        "  db: {image: postgres, volumes: ['./pg:/var/lib/postgresql/data', './in:/docker-entrypoint-initdb.d']}\n"
        "  web: {image: nginx, volumes: ['/etc/localtime:/etc/localtime', './html:/usr/share/nginx/html']}\n"
        "  app: {image: busybox, volumes: ['./html:/out']}\n"
    )

    result = fix(file, "--write")

    services = YAML(typ="safe").load(override)["services"]
    assert {name: each.get("volumes") for name, each in services.items()} == {
        "app": None,
        "db": ["./in:/docker-entrypoint-initdb.d:ro"],
        "web": ["/etc/localtime:/etc/localtime:ro"],
    }
    assert f'{{"bind-sources-writable": ["{tmp_path}/html", "{tmp_path}/pg"]}}' in result.output
    assert "3 left to decide" in result.output


def test_a_setting_of_the_daemon_is_a_snippet(tmp_path: Path) -> None:
    file, daemon = tmp_path / "compose.yaml", tmp_path / "daemon.json"
    file.write_text("services: {web: {build: .}}")
    daemon.write_text('{"default-cgroupns-mode": "host"}')

    result = portero("check", "--profile", "hardened", "--fix", file, "--daemon-config", daemon)

    (snippet,) = (line for line in result.output.splitlines() if line.startswith('  {"'))
    assert json.loads(snippet) == {
        "default-cgroupns-mode": "private",
        "builder": {"entitlements": {"network-host": False, "security-insecure": False, "device": False}},
    }


def test_limits_of_a_service_that_runs_come_from_what_it_uses(tmp_path: Path) -> None:
    file, socket = tmp_path / "compose.yaml", tmp_path / "d.sock"
    file.write_text("name: shop\nservices: {web: {image: busybox}, db: {image: busybox}}")
    labels = {"com.docker.compose.project": "shop", "com.docker.compose.service": "web"}
    running = [{"Id": "a" * 64, "Names": ["/shop-web-1"], "State": "running", "Labels": labels}]

    def respond(daemon: Handler) -> None:
        used = {"memory_stats": {"usage": 90 << 20, "stats": {"inactive_file": 10 << 20}}}
        known = {"/containers/json?all=1": running, "/services": [], "/info": {"CgroupVersion": "2"}}
        daemon.reply_if_known(used if "/stats?" in daemon.path else known.get(daemon.path))

    with responding(socket, respond):
        done = portero("check", "--profile", "hardened", "--docker-host", f"unix://{socket}", "--fix", file, "--write")

    written = (tmp_path / "compose.override.yaml").read_text()
    assert done.exit_code == 0, done.output
    assert "mem_limit: 192m # twice the 80 MiB that shop-web-1 uses (docker stats)" in " ".join(written.split())
    assert [written.count(words) for words in ("mem_limit", "mem_limit: 1g\n", "memswap_limit: 192m")] == [2, 1, 1]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file to another user")
def test_the_override_keeps_its_owner_and_its_rights(tmp_path: Path) -> None:
    file, override = tmp_path / "compose.yaml", tmp_path / "compose.override.yaml"
    file.write_text("services: {web: {image: busybox}}")
    override.write_text("# mine\nservices: {web: {environment: {KEY: secret}}}\n")
    override.chmod(0o604)
    os.chown(override, 4321, 4321)

    assert fix(file, "--write").exit_code == 0
    kept = override.stat()
    assert (kept.st_uid, kept.st_gid, kept.st_mode & 0o777) == (4321, 4321, 0o604)
    assert "# mine" in override.read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file to another user")
@pytest.mark.parametrize("back", [False, True])
def test_a_project_that_becomes_a_link_meanwhile_leads_root_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, back: bool
) -> None:
    """A stranger sees Compose start: the override of root's own project gets nothing of theirs, nor they of root's."""
    theirs, roots = tmp_path / "home" / "project", tmp_path / "roots"
    for folder in (theirs, roots):
        folder.mkdir(parents=True)
        (folder / "compose.yaml").write_text("services: {web: {image: busybox}}")
    (theirs / "compose.override.yaml").write_text("services: {web: {privileged: true}}")
    for entry in (theirs.parent, theirs, *theirs.iterdir()):
        os.chown(entry, 4321, 4321)
    merge = override.merge_override

    def swap(*given: Any) -> str:
        theirs.rename(theirs.with_name("old"))
        theirs.symlink_to(roots)
        if back:
            theirs.unlink()
            theirs.with_name("old").rename(theirs)
        return merge(*given)

    with monkeypatch.context() as patched:
        patched.setattr(run, "may_run_as", lambda ids: False)  # pytest's folders are root's alone
        patched.setattr(override, "merge_override", swap)
        done = fix(theirs / "compose.yaml", "--write")
    why = "was changed while it was read; repeat" if back else "another account can lead this link anywhere"
    assert (done.exit_code, f"{theirs}: {why}" in done.output) == (2, True)
    assert [one.name for one in roots.iterdir()] == ["compose.yaml"]
    kept = theirs if back else theirs.with_name("old")
    assert "mem_limit" not in (kept / "compose.override.yaml").read_text()


@pytest.mark.parametrize(("mode", "expected"), [(0o640, 0o640), (0o664, 0o644), (0o600, 0o600)])
def test_a_new_override_is_written_by_its_owner_alone(tmp_path: Path, mode: int, expected: int) -> None:
    (tmp_path / "compose.prod.yaml").write_text("services: {web: {image: busybox}}")
    (tmp_path / "compose.prod.yaml").chmod(mode)
    (tmp_path / "compose.yaml").symlink_to("compose.prod.yaml")

    assert fix(tmp_path / "compose.yaml", "--write").exit_code == 0
    assert (tmp_path / "compose.override.yaml").stat().st_mode & 0o777 == expected


def test_only_compose_files_have_an_override(tmp_path: Path) -> None:
    (tmp_path / "body.json").write_text('{"Image": "busybox"}')

    result = fix(tmp_path / "body.json", "--operation", "ContainerCreate")
    assert (result.exit_code, "is no compose file" in result.output) == (2, True)


def test_a_broken_override_is_named(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {web: {image: busybox}}")
    (tmp_path / "compose.override.yaml").symlink_to("/etc/hostname")

    for options in ((), ("--write",)):
        result = fix(tmp_path / "compose.yaml", *options)
        assert (result.exit_code, "is a symbolic link" in result.output) == (2, True)


OWNED = """services:
  web: {image: busybox, volumes: ['data:/data']}
  db: {image: busybox, networks: [back], deploy: {resources: {limits: {memory: 1g}}}}
volumes: {data: {}}
networks: {back: {}}
"""


@pytest.mark.parametrize("user", ["", "bob", "unix:bob"])
def test_the_label_of_the_caller_is_written_wherever_it_is_missing(tmp_path: Path, user: str) -> None:
    """At the users' door the door writes it; a caller who is not known has no name to write."""
    (tmp_path / "site.json").write_text('{"ownership": "owner"}')
    file = tmp_path / "compose.yaml"
    file.write_text(OWNED)

    words = ("check", "--profile", "baseline", "--policy", tmp_path, "--host-root", "none", "--user", user)
    result = portero(*words, "--fix", "--write", file)

    written = tmp_path / "compose.override.yaml"
    if user != "bob":
        assert not written.exists()
        assert (result.exit_code, "Yours is owner=NAME" in result.output) == ((1, True) if not user else (0, False))
        return
    labels = {"labels": {"owner": "bob"}}
    assert YAML(typ="safe").load(written) == {
        "services": {"web": labels, "db": {**labels, "deploy": labels}},
        "networks": {"default": labels, "back": labels},
        "volumes": {"data": labels},
    }
    assert result.output.splitlines()[-1] == "every service is allowed with it"
    assert portero(*words, file).exit_code == 0
