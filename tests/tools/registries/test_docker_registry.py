"""Bundles through the real docker-registry: TLS, a login, a tag that moves, and a registry that is killed or slow."""

import base64
import json
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from portero.tools.cli import main

from .docker_registry import Registry

pytestmark = pytest.mark.skipif(
    shutil.which("docker-registry") is None, reason="needs docker-registry: apt-get install docker-registry"
)


class Host:
    """Who signs, and a host that pulls."""

    def __init__(self, folder: Path, registry: Registry) -> None:
        self.folder, self.registry = folder, registry
        self.policy = folder / "policy"
        self.policy.mkdir()
        self.login("alice:wonderland")
        self.key = "alice"
        self.run("keygen", folder / "alice")
        self.address = f"oci://localhost:{registry.port}/team/policy:prod"

    def login(self, who: str) -> None:
        file = self.folder / "config.json"
        auth = base64.b64encode(who.encode()).decode()
        file.write_text(json.dumps({"auths": {f"localhost:{self.registry.port}": {"auth": auth}}}))
        file.chmod(0o600)

    def run(self, *words: object, **more: str) -> Result:
        environ = {
            "PORTERO_BUNDLE_LOGIN": str(self.folder / "config.json"),
            "PORTERO_BUNDLE_CA": str(self.registry.folder / "cert.pem"),
            **more,
        }
        return CliRunner().invoke(main, [str(word) for word in words], env=environ)

    def sign(self, pids: int) -> None:
        (self.policy / "site.json").write_text(json.dumps({"pids-max": pids}))
        assert self.run("sign", self.policy, "--key", self.folder / self.key, "--for", "web").exit_code == 0

    def push(self) -> Result:
        return self.run("bundle", "push", self.policy, self.address, "--key", self.folder / self.key, "--after", 0)

    def pull(self, address: str = "") -> Result:
        return self.run(
            *("bundle", "pull"),
            PORTERO_BUNDLE=address or self.address,
            PORTERO_TRUSTED_KEYS=str(self.folder / "alice.pub"),
            PORTERO_HOST_GROUPS="web",
            PORTERO_STATE=str(self.folder / "versions.json"),
            PORTERO_BUNDLE_FOLDER=str(self.folder / "bundle"),
        )

    def remember(self) -> None:
        """As the plugin does once it has loaded what was pulled."""
        signed = json.loads((self.folder / "bundle/current/signature.json").read_text())
        state = {"format": 2, "groups": {"web": {"version": signed["version"], "content": "x"}}}
        (self.folder / "versions.json").write_text(json.dumps(state))

    @property
    def pids(self) -> int:
        found = json.loads((self.folder / "bundle/current/site.json").read_text())["pids-max"]
        assert isinstance(found, int)
        return found


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    (tmp_path / "registry").mkdir()
    (tmp_path / "host").mkdir()
    with ExitStack() as stack:
        registry = Registry(tmp_path / "registry")
        stack.callback(registry.kill)
        registry.start()
        yield Host(tmp_path / "host", registry)


def test_a_pushed_tag_reaches_the_host_and_the_last_good_one_stays(host: Host) -> None:
    host.sign(100)
    pushed = host.push()
    assert pushed.exit_code == 0, pushed.output
    assert host.pull().exit_code == 0
    assert host.pids == 100

    # The tag moves; pushing the same again changes nothing.
    host.sign(200)
    assert host.push().exit_code == host.push().exit_code == 0
    assert (host.pull().exit_code, host.pids) == (0, 200)
    host.remember()
    digest = pushed.output.split()[-1]
    assert digest.startswith("sha256:")

    # The tag is rolled back: whoever can push cannot bring an old version.
    old = host.pull(host.address.replace(":prod", f"@{digest}"))
    assert (old.exit_code, host.pids) == (1, 200)
    assert "is version 1, and version 2 was in force before" in old.output

    # Somebody else signs.
    assert host.run("keygen", host.folder / "mallory").exit_code == 0
    host.key = "mallory"
    host.sign(300)
    assert host.push().exit_code == 0
    stranger = host.pull()
    assert (stranger.exit_code, host.pids) == (1, 200)
    assert "which is not trusted" in stranger.output

    # Another password, no trust in its certificate, and no registry at all.
    host.login("alice:looking-glass")
    assert "needs another login, or does not exist: a host has it in" in host.pull().output
    host.login("alice:wonderland")
    distrusted = host.run("bundle", "show", host.address, PORTERO_BUNDLE_CA="")
    assert (distrusted.exit_code, "its certificate is not trusted" in distrusted.output) == (2, True)
    host.registry.kill()
    away = host.pull()
    assert (away.exit_code, host.pids) == (2, 200)
    assert "Connection refused" in away.output


def test_check_and_try_judge_by_the_pushed_bundle_and_end_apart_where_they_cannot(host: Host) -> None:
    host.sign(100)
    assert host.push().exit_code == 0
    create = {"operation": "ContainerCreate", "body": {"Image": "busybox", "HostConfig": {"PidsLimit": 150}}}
    (host.folder / "create.json").write_text(json.dumps(create))

    def check(address: str = host.address, key: str = "alice") -> Result:
        own = ("--host-root", "none", "--profile", "hardened", "--trusted", host.folder / f"{key}.pub")
        return host.run("check", host.folder / "create.json", *own, "--policy", address)

    judged = check()
    assert (judged.exit_code, "at most 100" in judged.stdout) == (1, True), judged.output

    # Another key, a tag that is not there, no login, and no registry at all.
    assert host.run("keygen", host.folder / "mallory").exit_code == 0
    distrusted, untagged = check(key="mallory"), check(host.address.replace(":prod", ":none"))
    assert (distrusted.exit_code, "which is not trusted" in distrusted.stderr) == (2, True)
    assert (untagged.exit_code, "none: is not there" in untagged.stderr) == (2, True)
    host.login("alice:looking-glass")
    assert (check().exit_code, "PORTERO_BUNDLE_LOGIN names its file" in check().stderr) == (2, True)
    host.registry.kill()
    assert (check().exit_code, "not reached (Connection refused)" in check().stderr) == (2, True)


class Slow:
    """Stands between a host and the registry, and passes on so many bytes of an answer before it stops."""

    def __init__(self, port: int, most: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._target, self._most = port, most
        self._open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                inner, _ = self._listener.accept()
            except OSError:
                return
            outer = socket.create_connection(("127.0.0.1", self._target))
            self._open += [inner, outer]
            threading.Thread(target=self._copy, args=(inner, outer, 1 << 30), daemon=True).start()
            threading.Thread(target=self._copy, args=(outer, inner, self._most), daemon=True).start()

    @staticmethod
    def _copy(source: socket.socket, target: socket.socket, most: int) -> None:
        try:
            while most > 0 and (data := source.recv(min(1024, most))):
                target.sendall(data)
                most -= len(data)
        except OSError:
            pass

    def close(self) -> None:
        """Cut every connection."""
        for one in [self._listener, *self._open]:
            one.close()


@pytest.mark.parametrize("most", [500, 3000, 30_000])
def test_a_registry_that_stops_in_mid_transfer_is_waited_for_no_longer_than_the_deadline(
    host: Host, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.sign(100)
    # Nothing that gzip could make small.
    (host.policy / "README.md").write_bytes(b"".join(sha256(b"%d" % number).digest() for number in range(3000)))
    host.sign(101)
    assert host.push().exit_code == 0
    monkeypatch.setattr("portero.tools.cli.fetched_bundle.DEADLINE", 1.0)
    with closing(Slow(host.registry.port, most)) as slow:
        auth = base64.b64encode(b"alice:wonderland").decode()
        logins = {"auths": {f"localhost:{slow.port}": {"auth": auth}}}
        (host.folder / "config.json").write_text(json.dumps(logins))
        began = time.monotonic()
        stopped = host.pull(host.address.replace(str(host.registry.port), str(slow.port)))

    assert stopped.exit_code == 3, stopped.output
    assert "did not answer in full within 1 s" in stopped.output
    assert time.monotonic() - began < 20
    assert not (host.folder / "bundle" / "current").exists()
