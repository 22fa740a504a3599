"""A refusal names paths and services as the file does, and nothing that only looks like them."""

from pathlib import Path

from tests.cli.running import portero
from tests.compose.test_requests import needs_compose

pytestmark = needs_compose


def check(folder: Path, services: str, root: str = "none") -> str:
    (folder / "compose.yaml").write_text(f"services:\n{services}")
    result = portero("check", "--profile", "hardened", "--host-root", root, folder / "compose.yaml")
    assert result.exit_code == 1
    return " ".join(result.output.split())


def test_a_path_is_spelt_as_in_the_file(tmp_path: Path) -> None:
    output = check(
        tmp_path,
        "  short: {image: busybox, volumes: ['./data/:/data']}\n"
        "  long:\n    image: busybox\n    volumes:\n      - type: bind\n        source: ./files\n        target: /f\n"
        "  other: {image: busybox, volumes: ['../elsewhere:/x']}\n",
    )

    assert all(f"({spelt}): the container could change all of it" in output for spelt in ("./data/", "./files"))
    assert "(../elsewhere): the container" in output


def test_what_lies_beside_keeps_its_name(tmp_path: Path) -> None:
    tmp_path /= "a-folder-with-so-long-a-name-that-a-refusal-cuts-the-paths-in-it"
    for name in ("data-2/x", "data/sub"):
        (tmp_path / name).mkdir(parents=True)
    volumes = "['./data:/d', './data-2:/e', './data/sub:/f:ro']"

    output = check(tmp_path, f"  web: {{image: busybox, volumes: {volumes}}}\n", "/")

    assert "(./data/sub): The container can write to ./data through" in output
    assert "./data-2" in output


def test_a_service_is_named_and_not_the_id_of_its_container(tmp_path: Path) -> None:
    output = check(
        tmp_path,
        "  base: {image: busybox, network_mode: host}\n  side: {image: busybox, network_mode: 'service:base'}\n",
    )

    assert "sees and changes the host's network (through container base)" in output
    assert "(without network_mode service:base)" in output


def test_a_variable_is_not_guessed(tmp_path: Path) -> None:
    assert f"({tmp_path}/data): the container" in check(
        tmp_path, "  web: {image: busybox, volumes: ['${NOWHERE:-./da}ta:/d']}\n"
    )
