"""`portero images` fetches with the real docker-registry what the real cosign signed, and shows what may run."""

import base64
import json
import os
import shutil
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from portero.decide.images.record import compute_digest
from portero.tools.cli import images as cli_images
from portero.tools.registries import signature_fetch
from tests.decide.images.signed import OCI_MANIFEST, describe, dump
from tests.decide.judging.requests import write_files
from tests.tools.cli.running import fault_of, portero
from tests.tools.registries.docker_registry import Registry
from tests.tools.registries.signed import answer, server
from tests.unix_server import responding

pytestmark = pytest.mark.skipif(
    shutil.which("cosign") is None or shutil.which("docker-registry") is None,
    reason="needs cosign and docker-registry: apt-get install cosign docker-registry",
)
LOGIN = base64.b64encode(b"alice:wonderland").decode()
CONFIG = b'{"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}'
MANIFEST = dump(
    {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": describe(CONFIG, "application/json"), "layers": []}
)
DIGEST, ID = compute_digest(MANIFEST), compute_digest(CONFIG)


class Site:
    """A registry with an image, a key that signs, and a host whose site asks for that key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.registry = Registry(folder)
        self.name = f"localhost:{self.registry.port}"
        self.reference = f"{self.name}/team/app@{DIGEST}"
        (folder / "config.json").write_text(json.dumps({"auths": {self.name: {"auth": LOGIN}}}))
        (folder / "config.json").chmod(0o600)
        self.registry.start()
        self.cosign("generate-key-pair")
        write_files(folder, {"policy/keys/team.pem": (folder / "cosign.pub").read_bytes()})
        self.trust(f"{self.name}/team/*")
        self._push()

    def trust(self, images: str, **more: Any) -> None:
        site = {"image-trust": [{"images": images, "keys": "team.pem"}], **more}
        (self.folder / "policy/site.json").write_text(json.dumps(site))

    def _push(self) -> None:
        begun = self._ask("POST", "blobs/uploads/")
        place = begun.headers["Location"]
        self._ask("PUT", f"{place}&digest={ID}", CONFIG, "application/octet-stream")
        self._ask("PUT", "manifests/1", MANIFEST, OCI_MANIFEST)

    def _ask(self, method: str, path: str, data: bytes | None = None, kind: str = "") -> Any:
        address = path if path.startswith("https:") else f"https://{self.name}/v2/team/app/{path}"
        headers = {"Authorization": f"Basic {LOGIN}", "Content-Type": kind}
        asked = urllib.request.Request(address, data, headers, method=method)
        trusted = ssl.create_default_context(cafile=str(self.folder / "cert.pem"))
        return urllib.request.urlopen(asked, context=trusted, timeout=20)

    def cosign(self, *words: str) -> None:
        environ = {"COSIGN_PASSWORD": "", "SSL_CERT_FILE": str(self.folder / "cert.pem")}
        environ |= {"DOCKER_CONFIG": str(self.folder), "HOME": str(self.folder)}
        subprocess.run(
            ["cosign", *words],
            cwd=self.folder,
            env={**os.environ, **environ},
            check=True,
            capture_output=True,
            timeout=60,
        )

    def sign(self) -> None:
        self.cosign("sign", "--key=cosign.key", "--tlog-upload=false", "-y", self.reference)

    def run(self, *words: object, **more: str) -> Result:
        environ = {
            "PORTERO_SCHEMAS": str(self.folder / "policy"),
            "PORTERO_IMAGES": str(self.folder / "images"),
            "PORTERO_BUNDLE_LOGIN": str(self.folder / "config.json"),
            "PORTERO_BUNDLE_CA": str(self.folder / "cert.pem"),
        }
        return portero("images", *words, **{**environ, **more})


@pytest.fixture(scope="module")
def module_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("images"))
    yield site
    site.registry.kill()


@pytest.fixture
def site(module_site: Site) -> Site:
    """Nothing fetched."""
    shutil.rmtree(module_site.folder / "images", ignore_errors=True)
    module_site.trust(f"{module_site.name}/team/*")
    return module_site


@contextmanager
def listing(socket: Path, *images: object) -> Iterator[str]:
    """A daemon that lists these images."""
    with responding(socket, lambda daemon: daemon.reply(images)):
        yield f"unix://{socket}"


@pytest.fixture
def daemon(site: Site, tmp_path: Path) -> Iterator[str]:
    """Has the image under a name, and one that was built here."""
    with listing(
        tmp_path / "docker.sock",
        {"Id": ID, "RepoTags": [f"{site.name}/team/app:1"], "RepoDigests": [site.reference]},
        {"Id": f"sha256:{'b' * 64}", "RepoTags": [f"{site.name}/team/built:1"], "RepoDigests": []},
        {"Id": f"sha256:{'c' * 64}", "RepoTags": None, "RepoDigests": None},
    ) as host:
        yield host


def test_what_is_signed_is_fetched_and_listed(site: Site, daemon: str, tmp_path: Path) -> None:
    unsigned = site.run("fetch", f"{site.name}/team/app:1")
    assert (unsigned.exit_code, unsigned.output) == (
        1,
        f"{site.reference}: not signed as image-trust asks: it has no signature\n",
    )
    site.sign()
    signed = site.run("fetch", f"{site.name}/team/app:1")
    assert (signed.exit_code, signed.output) == (0, f"{site.reference}: signed\n")

    listed = site.run("list", "--docker-host", daemon)
    sign = "portero images fetch IMAGE"
    assert (listed.exit_code, listed.output.splitlines()) == (
        1,
        [
            f"{site.name}/team/app:1: may run",
            f"{site.name}/team/built:1: may not run: no signature of it was fetched; it needs team.pem: sudo {sign}",
            f"sha256:{'c' * 64}: may not run: no signature of it was fetched; it needs team.pem: sudo {sign}",
        ],
    )
    document = json.loads(site.run("list", "--docker-host", daemon, "--json").output)
    assert [one["mayRun"] for one in document["images"]] == [True, False, False]
    references = site.run("list", "--references", "--docker-host", daemon)
    assert (references.exit_code, references.output) == (0, f"{site.reference}\n")
    (tmp_path / "wanted").write_text(references.output)
    assert site.run("fetch", "--from", tmp_path / "wanted").output == f"{site.reference}: signed\n"


def test_a_name_of_the_daemon_leads_to_no_registry_that_no_entry_names(site: Site, tmp_path: Path) -> None:
    wanted = tmp_path / "wanted"
    wanted.write_text(f"{site.reference}\n127.0.0.1:1/evil@{DIGEST}\nnonsense nonsense\n")
    site.trust("*")
    nothing = site.run("fetch", "--from", wanted)
    assert (nothing.exit_code, nothing.output) == (0, "")
    # Where no entry names a registry, the daemon is not even asked.
    assert site.run("list", "--references", "--docker-host", "unix:///nowhere.sock").output == ""
    # A person may.
    assert site.run("fetch", f"{site.name}/team/app:1").exit_code in (0, 1)


def test_names_that_users_make_stop_no_fetching(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [f"{site.name}/{place}/x{n}@{DIGEST}" for place in ("team", "other") for n in range(8)]
    monkeypatch.setattr(cli_images, "_MAX_REFERENCES", 5)

    with listing(tmp_path / "many.sock", {"Id": ID, "RepoTags": [], "RepoDigests": made}) as host:
        listed = site.run("list", "--references", "--docker-host", host)
    told, *chosen = sorted(listed.output.splitlines(), key=lambda line: not line.startswith("portero"))
    assert told == "portero: 5 of 8 names are fetched now, others the next time"
    assert len({*chosen} & {*made[:8]}) == 5
    # The registry lacks this one; a person who names it is told so by another status.
    wanted = tmp_path / "wanted"
    wanted.write_text(f"{site.name}/team/nosuch:1\n")
    assert site.run("fetch", "--from", wanted).exit_code == 1
    assert site.run("fetch", f"{site.name}/team/nosuch:1").exit_code == 2


@pytest.mark.parametrize(
    ("words", "environ", "fault"),
    [
        (["fetch", "docker.io/library/nginx"], {}, "no entry of image-trust in site.json asks for a signature of it"),
        (["fetch", "{name}/team/app:2"], {}, "team/app has no 2"),
        (["fetch", "{name}/team/app:1"], {"PORTERO_BUNDLE_LOGIN": ""}, "team/app needs a login, or does not exist"),
        (["fetch", "{name}/team/app:1"], {"PORTERO_BUNDLE_CA": ""}, "its certificate is not trusted"),
        (["fetch", "{name}/team/app:1"], {"PORTERO_IMAGES": "/dev/null/x"}, "Not a directory"),
        (["fetch", "--from", "/nowhere"], {}, "/nowhere: No such file or directory; name a file with an image a line"),
        (["list", "--docker-host", "unix:///nowhere.sock"], {}, "name the daemon's socket with --docker-host"),
    ],
)
def test_what_cannot_be_done_is_status_2(site: Site, words: list[str], environ: dict[str, str], fault: str) -> None:
    assert fault in fault_of(site.run(*(word.format(name=site.name) for word in words), **environ))


class Lying:
    """A registry that answers by the first word of its path below team/."""

    def __init__(self, site: Site, tmp_path: Path, respond: Callable[[BaseHTTPRequestHandler, str], None]) -> None:
        self.site, self.wanted = site, tmp_path / "wanted"
        self.serving = server(lambda handler: respond(handler, handler.path.split("/")[3]))

    def fetch(self, *names: str, is_listed: bool = False) -> Result:
        with self.serving as url:
            host = url.partition("//")[2]
            self.site.trust(f"{host}/team/*")
            self.wanted.write_text("\n".join(f"{host}/team/{name}:1" for name in names))
            words = ["--from", self.wanted] if is_listed else self.wanted.read_text().splitlines()
            done = self.site.run("fetch", *words)
        assert done.output.count("\n") == len(names)
        assert "Traceback" not in done.output
        return done


def deny_access(handler: BaseHTTPRequestHandler, name: str) -> None:
    """As registries do that do not tell what exists."""
    realm = f'Bearer realm="http://{handler.headers["Host"]}/v2/team/token/{name}"'
    if "/token/" in handler.path:
        answer(handler, 403 if "forbidden" in handler.path else 200, b'{"token": "x"}')
    elif name == "app":
        answer(handler, 200 if "manifests/1" in handler.path else 404, MANIFEST)
    elif name == "denied":
        answer(handler, 403)
    else:
        answer(handler, 401, Www_Authenticate=realm)


@pytest.mark.parametrize("name", ["nosuch", "forbidden", "denied"])
def test_what_a_registry_does_not_let_us_read_is_named_with_its_cure(site: Site, tmp_path: Path, name: str) -> None:
    by_name = Lying(site, tmp_path, deny_access).fetch(name)
    assert by_name.exit_code == 2
    assert (
        f"team/{name} needs a login, or does not exist: a host has it in /etc/portero/registry.json; elsewhere"
        " PORTERO_BUNDLE_LOGIN names its file\n"
    ) in by_name.output
    # A name that a user of Docker made fails no unit. A login that opens nothing does.
    assert Lying(site, tmp_path, deny_access).fetch(name, is_listed=True).exit_code == 2
    assert Lying(site, tmp_path, deny_access).fetch(name, "app", is_listed=True).exit_code == 1


LIES: Mapping[str, tuple[Callable[[BaseHTTPRequestHandler], None], str]] = {
    "elsewhere": (
        lambda handler: answer(handler, 307, Location="https://other.example.com/x"),
        "leads to other.example.com, which PORTERO_BUNDLE_HOSTS does not list",
    ),
    "huge": (lambda handler: answer(handler, 200, b" " * (300 << 10)), "answers with more than 262144 bytes"),
    "slow": (lambda _: time.sleep(1), "did not answer in full within 0.2 s"),
    "noise": (lambda handler: handler.wfile.write(b"220 hello\r\n") and None, "does not speak HTTP"),
    "error": (lambda handler: answer(handler, 500), "manifests/1: status 500"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_registry_that_misbehaves_is_one_sentence_and_exit_status_2(
    site: Site, tmp_path: Path, lie: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lie == "slow":
        for module in (cli_images, signature_fetch):
            monkeypatch.setattr(module, "DEADLINE", 0.2)
    done = Lying(site, tmp_path, lambda handler, _: LIES[lie][0](handler)).fetch("app")
    assert (done.exit_code, done.output.startswith("portero: 127.0.0.1:")) == (2, True)
    assert LIES[lie][1] in done.output


def test_a_denied_image_may_not_run_and_a_damaged_record_is_named(site: Site, daemon: str) -> None:
    write_files(site.folder, {"policy/image-lists/scan.json": {"digests": {ID: "CVE-2026-1"}}})
    site.trust("*", **{"image-digests": {"denied": ["scan.json"]}})
    listed = site.run("list", "--docker-host", daemon)
    assert f"{site.name}/team/app:1: denied: scan.json: CVE-2026-1\n" in listed.output
    write_files(site.folder, {f"images/{ID[7:]}.json": b"{"})
    damaged = site.run("list", "--docker-host", daemon)
    assert (damaged.exit_code, damaged.output) == (2, f"portero: {site.name}/team/app:1: what was fetched is damaged\n")


def test_fetching_nothing_is_a_mistake() -> None:
    assert fault_of(portero("images", "fetch")) == "portero: name an IMAGE, or a file of them with --from\n"
