"""`portero check --fix` makes legal what lacks limits, shows first, and says what is left and what it costs."""

from pathlib import Path

from click.testing import Result

from tests.cli.running import portero
from tests.compose.test_requests import needs_compose

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
    again = fix(file)
    assert again.output.splitlines()[-1] == "every service is allowed as it is"


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


def test_a_broken_override_is_named(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {web: {image: busybox}}")
    (tmp_path / "compose.override.yaml").symlink_to("/etc/hostname")

    assert fix(tmp_path / "compose.yaml", "--write").exit_code == 2
