"""Benign compose files pass, however they name their parts; hostile ones are in hostile.json."""

from pathlib import Path

import pytest

from portero.tools.compose.refused_keys import check_files
from portero.tools.recording.request_files import InvalidRequestFile

# At n and at 2n levels of a merge bomb the tree stays as large as its text.
LEVELS = "\n".join(f"x{n}: &x{n} {{<<: [{', '.join([f'*x{n - 1}'] * 9)}]}}" for n in range(1, 60))
BENIGN = {
    "a plain service": "services: {a: {image: busybox}}",
    "nothing": "",
    "a list": "[1, 2]",
    "names that mean something elsewhere": "services: {provider: {image: x, labels: {provider: x, include: 'http://x'}}}",
    "a build of a git address, which check does not build": "services: {a: {build: 'https://x.example/y.git'}}",
    "a local include": "include: [b.yaml]\nservices: {}",
    "a local include in full": "include: [{path: [b.yaml], env_file: x}]",
    "a ring of includes": "include: [ring.yaml]",
    "extends of its own": "services: {a: {image: x}, b: {extends: a}, c: {extends: {service: a}}}",
    "extends of a file": "services: {b: {extends: {file: ./b.yaml, service: b}}}",
    "a file by a variable": "include: ['${WHERE}/b.yaml']",
    "a file that is missing, which Compose tells": "include: [none.yaml]",
    "anchors and merges": "x: &x {image: y}\nservices: {a: {<<: *x}, b: {<<: [*x, *x]}}",
    "merges of merges": f"x0: &x0 {{p: 1}}\n{LEVELS}\nservices: {{<<: *x59, a: {{image: x}}}}",
    "tags of Compose": "services: {a: {ports: !reset [], command: !override [x]}}",
}


@pytest.mark.parametrize("name", BENIGN)
def test_a_benign_file_passes(name: str, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(BENIGN[name])
    (tmp_path / "b.yaml").write_text("services: {b: {image: busybox}}")
    (tmp_path / "ring.yaml").write_text("include: [compose.yaml]")

    check_files([str(tmp_path / "compose.yaml")], [str(tmp_path)])


def test_too_many_includes_are_refused(tmp_path: Path) -> None:
    for number in range(1002):
        (tmp_path / f"{number}.yaml").write_text(f"include: [{number + 1}.yaml]")

    with pytest.raises(InvalidRequestFile, match="more than 1000 files are included"):
        check_files([str(tmp_path / "0.yaml")], [str(tmp_path)])
