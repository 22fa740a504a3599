"""Images that somebody vouched for: cosign and docker-registry, and what a daemon with either store runs of them."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from portero.decide.images.record import compute_digest
from tests.decide.images.signed import (
    OCI_INDEX,
    SIGN,
    bundle_manifest,
    describe,
    dump,
    make_bundle,
    new_key,
    public_pem,
    sign,
    statement_payload,
)
from tests.waiting import wait_until

from .conftest import BOTH_ENGINES, OWN_ENGINE, give_up, started
from .guarded import GuardedDocker, serve
from .refusals import refusing
from .signing import CA, FOLDER, MISSING, REGISTRY, SigningRegistry

pytestmark = pytest.mark.e2e

SITE = "/srv/images-site"
# Beside that of cosign: signs as cosign 3 does.
TEAM = new_key()
STATE = "/var/lib/portero-images"


class Signing:
    """A guarded daemon whose site asks for the team's signature, and a registry."""

    def __init__(self, docker: GuardedDocker) -> None:
        self.docker, self.registry = docker, SigningRegistry(docker)
        keys = {name: self.registry.make_key(name) for name in ("team", "other")}
        docker.shell(f"mkdir -p {SITE}/keys {SITE}/image-lists")
        docker.host.path(f"{SITE}/keys/team.pem").write_bytes(keys["team"] + public_pem(TEAM))
        self.command = serve("baseline", "--schemas", SITE, "--host-root", "/")
        self.runs = False
        self.write_site()
        docker.replace_plugin(self.command)
        self.runs = True

    def write_site(self, **more: Any) -> None:
        trust = [{"images": "*", "keys": []}, {"images": f"{REGISTRY}/team/*", "keys": "team.pem"}]
        actions = {"image-signed": "deny", "image-not-denied": "deny"}
        self.docker.write_json(f"{SITE}/site.json", {"image-trust": trust, "actions": actions, **more})
        if self.runs:
            self.docker.replace_plugin(self.command)

    def pull(self, repository: str, mark: str) -> str:
        name = f"{REGISTRY}/{repository}:{mark}"
        self.docker.do(f"docker pull -q {name}")
        return name

    def fetch(self, *words: str) -> Any:
        settings = f"PORTERO_SCHEMAS={SITE} PORTERO_BUNDLE_LOGIN={FOLDER}/login.json PORTERO_BUNDLE_CA={CA}"
        return self.docker.shell(f"{settings} {sys.executable} -m portero images {' '.join(words)}")


@pytest.fixture(scope="module")
def signing(engine: Path | None) -> Iterator[Signing]:
    if MISSING:
        give_up(f"needs {', '.join(MISSING)}: apt-get install cosign docker-registry")
    with started(GuardedDocker(engine=engine, swarm=True)) as docker:
        yield Signing(docker)


def refused(done: "subprocess.CompletedProcess[str]") -> str:
    """What the denial says, in one line; it is image-signed that refuses."""
    assert refusing(done.stderr) == ["image-signed"], done.stderr
    return " ".join(done.stderr.split())


def run(signing: Signing, name: str, *options: str) -> "subprocess.CompletedProcess[str]":
    return signing.docker.shell(f"docker run --rm {' '.join(options)} {name} true")


def attach_bundle(signing: Signing, made: Any, predicate: str = SIGN) -> None:
    """As cosign 3 does, where the registry has no API for referrers."""
    bundle = make_bundle(sign(TEAM, statement_payload(made["index"], predicate=predicate), "statement"))
    manifest = bundle_manifest(bundle, made["text"])
    for blob in (bundle, b"{}"):
        signing.registry.put_blob("team/app", blob)
    signing.registry.put("team/app", compute_digest(manifest), manifest)
    listed = dump({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [describe(manifest)]})
    signing.registry.put("team/app", made["index"].replace(":", "-"), listed)


REFERRER = ("--registry-referrers-mode=oci-1-1",)
FORMS: dict[str, Callable[[Signing, Any], None]] = {
    "tag": lambda signing, made: signing.registry.sign("team/app", made["index"]),
    "referrer": lambda signing, made: signing.registry.sign("team/app", made["index"], *REFERRER),
    "bundle": attach_bundle,
    "platform": lambda signing, made: signing.registry.sign("team/app", made["manifest"]),
}


@BOTH_ENGINES
@pytest.mark.parametrize("form", FORMS)
def test_a_signed_image_runs_by_each_name_once_its_signature_was_fetched(signing: Signing, form: str) -> None:
    made, docker = signing.registry.push("team/app", form), signing.docker
    name = signing.pull("team/app", form)
    FORMS[form](signing, made)
    said = refused(run(signing, name))
    assert f"sudo portero images fetch {REGISTRY}/team/app@{made['index']}" in said
    assert "no signature of it was fetched; team.pem" in said

    assert signing.fetch("fetch", name).returncode == 0

    id = docker.client.get(f"/images/{name}/json")["Id"]
    for words in (
        (name,),
        (id,),
        (id[7:19],),
        (f"{REGISTRY}/team/app@{made['index']}",),
        (name, "--platform=linux/amd64"),
    ):
        done = run(signing, *words)
        assert done.returncode == 0, f"{words}: {done.stderr}"
    with docker.nothing_refused():
        docker.do(f"docker run -d --name {form} {name} && docker exec {form} true && docker restart -t 0 {form}")
        docker.do(f"docker rename {form} new && docker pause new && docker unpause new && docker rm -f new")


# No engine has a part in what vouches.
@OWN_ENGINE
@pytest.mark.parametrize("case", ["none", "other-key", "digest", "repository", "sbom", "annotations"])
def test_what_vouches_for_something_else_vouches_for_nothing(signing: Signing, case: str) -> None:
    registry = signing.registry
    made, found = registry.push("team/app", case), "it has no signature"
    if case == "other-key":
        registry.sign("team/app", made["index"], key="other")
        found = "it is signed with another key"
    elif case == "digest":
        good = registry.push("team/app", "good")
        registry.sign("team/app", good["index"])
        signature = registry.get(f"team/app/manifests/{good['index'].replace(':', '-')}.sig")
        registry.put("team/app", f"{made['index'].replace(':', '-')}.sig", signature)
        found = "the signature beside it is of another image"
    elif case == "repository":
        registry.sign("team/app", made["index"], f"--sign-container-identity={REGISTRY}/team/other")
        found = f"it is signed for {REGISTRY}/team/other"
    elif case == "sbom":
        attach_bundle(signing, made, "https://spdx.dev/Document")
        found = "that key signed something else, such as an SBOM"
    elif case == "annotations":
        registry.sign("team/app", made["index"], "-a env=test")
        signing.write_site(**{"image-trust": [{"images": "*", "keys": "team.pem", "annotations": {"env": "prod"}}]})
        found = "the signature lacks the annotation env"
    name = signing.pull("team/app", case)
    try:
        assert signing.fetch("fetch", name).returncode == 1
        said = refused(run(signing, name))
    finally:
        if case == "annotations":
            signing.write_site()
    assert found in said
    assert f"cosign sign --key KEY {REGISTRY}/team/app@{made['index']}" in said


@BOTH_ENGINES
def test_a_container_is_judged_by_the_image_that_it_was_made_from(signing: Signing) -> None:
    good = signing.registry.push("team/app", "moved")
    signing.registry.push("team/app", "bad")
    signing.registry.sign("team/app", good["index"])
    name, unsigned = signing.pull("team/app", "moved"), signing.pull("team/app", "bad")
    assert signing.fetch("fetch", name, unsigned).returncode == 1
    docker = signing.docker
    docker.do(f"docker create --name mine {name}")
    id = docker.client.get(f"/images/{name}/json")["Id"]
    # The tag moves: as in between lookup and create.
    docker.do(f"docker tag {unsigned} {name}")
    refused(run(signing, name))
    docker.do("docker start mine && docker exec mine true")
    # What was there before, or came by a race.
    with docker.guarded_by(serve("baseline")):
        docker.do(f"docker run -d --name old {name}")
    try:
        for command in ("restart -t 0", "exec", "rename", "unpause", "start"):
            refused(docker.shell(f"docker {command} old {'true' if command in ('exec', 'rename') else ''}"))
        # Nor is it overlooked, though its name would be vouched for again.
        docker.do(f"docker tag {id} {name}")
        scanned = json.loads(docker.portero("scan", "--schemas", SITE, "--profile", "baseline", "--json").stdout)
        rules = {one["name"]: [each["rule"] for each in one["violations"]] for one in scanned["objects"]}
        assert "image-signed" in rules["old"]
        assert "image-signed" not in rules["mine"]
    finally:
        docker.do("docker rm -f old mine")


@BOTH_ENGINES
def test_what_was_fetched_stays_good_without_the_registry_and_is_fetched_again(signing: Signing) -> None:
    made = signing.registry.push("team/app", "kept")
    signing.registry.sign("team/app", made["index"])
    name = signing.pull("team/app", "kept")
    signing.fetch("fetch", name)
    signing.registry.process.stop()
    try:
        assert run(signing, name).returncode == 0
        assert signing.fetch("fetch", name).returncode == 2
        assert run(signing, name).returncode == 0
        signing.docker.do(f"rm -r {STATE}")
        assert "no signature of it was fetched" in refused(run(signing, name))
    finally:
        signing.registry.start()
    listed = signing.fetch("list", "--references").stdout
    signing.docker.host.path("/srv/wanted").write_text(listed)
    signing.fetch("fetch", "--from", "/srv/wanted")
    assert run(signing, name).returncode == 0
    assert f"{name}: may run\n" in signing.fetch("list").stdout


@BOTH_ENGINES
def test_what_is_built_here_is_signed_by_nobody_and_runs_once_its_digest_is_listed(signing: Signing) -> None:
    docker, name = signing.docker, f"{REGISTRY}/team/built:1"
    docker.do(
        f"docker create --name made busybox true; docker commit -c 'LABEL built=here' made {name}; docker rm made"
    )
    said = refused(run(signing, name))
    id = docker.client.get(f"/images/{name}/json")["Id"]
    assert id in said
    docker.write_json(f"{SITE}/image-lists/ours.json", {"expires": "2020-01-31", "digests": {id: "built here"}})
    signing.write_site(**{"image-digests": {"allowed": ["ours.json"]}})
    assert "the list ours.json has it, and expired on 2020-01-31" in refused(run(signing, name))
    docker.write_json(f"{SITE}/image-lists/ours.json", {"digests": {id: "built here"}})
    wait_until(lambda: run(signing, name).returncode == 0, "the list did not come into force")
    signing.write_site(**{"image-digests": {"allowed": ["ours.json"], "denied": ["ours.json"]}})
    wait_until(lambda: refusing(run(signing, name).stderr) == ["image-not-denied"], "denied images run")
    assert "is on the list ours.json: built here" in " ".join(run(signing, name).stderr.split())
    signing.write_site()


@BOTH_ENGINES
def test_a_service_is_judged_by_the_digest_that_it_names(signing: Signing) -> None:
    made = signing.registry.push("team/app", "service")
    signing.registry.sign("team/app", made["index"])
    name = signing.pull("team/app", "service")
    signing.fetch("fetch", name)
    docker = signing.docker
    docker.do(f"docker service create -d --with-registry-auth --name ss {name}@{made['index']}")
    docker.do("docker service update -d --label-add a=b ss && docker service rm ss")
    assert "a service needs a digest" in refused(docker.shell(f"docker service create -d --no-resolve-image {name}"))


# Each gives an unsigned image the name of a signed one.
WAYS = {
    "commit": "docker commit made {name}",
    "import": "docker export made | docker import - {name}",
    "load": "docker tag busybox {name} && a=$(mktemp) && docker save {name}>$a && docker rmi {name} && docker load <$a",
    "tag": "docker tag busybox {name}",
    "build": "printf 'FROM busybox\\nLABEL a=b\\n' | DOCKER_BUILDKIT=0 docker build -t {name} -",
}


@BOTH_ENGINES
@pytest.mark.parametrize("way", WAYS)
def test_a_name_that_was_signed_is_not_what_counts(signing: Signing, way: str) -> None:
    made = signing.registry.push("team/app", way)
    signing.registry.sign("team/app", made["index"])
    name, docker = signing.pull("team/app", way), signing.docker
    assert signing.fetch("fetch", name).returncode == 0
    docker.do(f"docker create --name made busybox true && docker create --name before --restart always {name} sleep 60")
    try:
        done = docker.shell(WAYS[way].format(name=name))
        if done.returncode and "buildx" in done.stderr:
            pytest.skip("this engine has no classic builder")
        assert done.returncode == 0, done.stderr
        for command in ("run --rm", "create --restart always", "create --platform linux/amd64"):
            refused(docker.shell(f"docker {command} {name} true"))
        # What was made before is from the image that was signed, and by its digest that one can still be had.
        docker.do(f"docker start before && docker exec before true && docker run --rm {name}@{made['index']} true")
    finally:
        docker.do("docker rm -f made before")


@BOTH_ENGINES
def test_a_rollback_brings_back_nothing_that_nobody_signed(signing: Signing) -> None:
    registry, docker = signing.registry, signing.docker
    good, bad = (registry.push("team/app", mark) for mark in ("new", "former"))
    registry.sign("team/app", good["index"])
    new, former = (
        f"{signing.pull('team/app', mark)}@{made['index']}" for mark, made in (("new", good), ("former", bad))
    )
    assert signing.fetch("fetch", new).returncode == 0
    with docker.guarded_by(serve("baseline")):
        docker.do(f"docker service create -d --with-registry-auth --no-resolve-image --name back {former}")
    try:
        refused(docker.shell("docker service update -d --force back"))
        docker.do(f"docker service update -d --no-resolve-image --image {new} back")
        refused(docker.shell("docker service rollback -d back"))
        docker.do(f"docker service update -d --no-resolve-image --label-add a=b --image {new} back")
        with docker.nothing_refused():
            docker.do("docker service rollback -d back")
    finally:
        docker.do("docker service rm back")
