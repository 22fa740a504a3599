"""The image for CI, built as its file says on a Debian that comes from no registry, and what it judges."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.paths import ROOT

from .debian_base import pack_debian
from .guarded import GuardedDocker

pytestmark = pytest.mark.e2e
CONTEXT = "/srv/portero"
PROJECT = "/srv/project"
# Its packages are there already, and pip takes wheels from a folder: the build has no network.
OFFLINE = """FROM packed
COPY wheels /wheels
RUN ln -sf true /usr/bin/apt-get
ENV PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels
"""


@pytest.fixture(scope="module")
def image(own_docker: GuardedDocker, tmp_path_factory: pytest.TempPathFactory) -> GuardedDocker:
    """A dockerd that has it, and asks no plugin."""
    own_docker.unguard()
    environment = {**os.environ, "DOCKER_HOST": f"unix://{own_docker.socket}", "DOCKER_BUILDKIT": "0"}
    packed = pack_debian("python3-venv", "docker-compose")
    subprocess.run(["docker", "import", "-", "packed"], input=packed, check=True, env=environment, capture_output=True)
    folder = tmp_path_factory.mktemp("base")
    locks = [word for name in ("run", "build") for word in ("-r", str(ROOT / "requirements" / f"{name}.txt"))]
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:", "--require-hashes"]
    version = subprocess.check_output(["/usr/bin/python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
    words = [*download, "--no-deps", "--python-version", version.decode().strip(), *locks, "--dest", folder / "wheels"]
    subprocess.run(words, check=True, timeout=300)
    (folder / "Dockerfile").write_text(OFFLINE)
    build = ["docker", "build", "--quiet", "--network", "none"]
    subprocess.run([*build, "-t", "debian:trixie", folder], check=True, env=environment, timeout=200)
    for name in subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True).split("\0")[:-1]:
        place = folder / "checkout" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, place)
    words = [*build, "-f", "examples/ci/Dockerfile", "-t", "portero-check", "."]
    built = subprocess.run(
        words, cwd=folder / "checkout", env=environment, capture_output=True, text=True, timeout=280, check=False
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return own_docker


@pytest.mark.parametrize(
    ("privileged", "status", "last"), [("false", 0, "allowed: 3 requests"), ("true", 1, "denied: 1 of 3 requests")]
)
def test_it_judges_the_folder_that_is_mounted(image: GuardedDocker, privileged: str, status: int, last: str) -> None:
    example = (ROOT / "examples" / "compose.yaml").read_text()
    image.do(f"mkdir -p {PROJECT}")
    compose = image.host.path(f"{PROJECT}/compose.yaml")
    compose.write_text(example.replace("    image:", f"    privileged: {privileged}\n    image:", 1))

    run = f'cd {PROJECT} && docker run --rm --network none -v "$PWD:/project:ro" portero-check .'
    judged = image.shell(run, timeout=120)

    assert (judged.returncode, judged.stdout.splitlines()[-1]) == (status, last), judged.stdout + judged.stderr
    assert ("no-privileged" in judged.stdout) is bool(status)
