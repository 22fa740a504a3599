"""Who asks, at a real dockerd: three users with three profiles, by token on the Unix socket and by certificate on TLS.

The engine is the newest, whose docker command line takes a token from DOCKER_CUSTOM_HEADERS, with buildx and compose 2.
"""

import json
import re
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from tests.decide.identity.certificate_makers import CLIENT_KEY, Authority, make_authority
from tests.e2e import tls
from tests.paths import ROOT

from .conftest import give_up, started
from .engine import NEW, chosen_engine
from .guarded import LOG, GuardedDocker, serve
from .rawhttp import Client
from .refusals import refusing

pytestmark = pytest.mark.e2e

POLICY = "/etc/portero/policy"
SITE = {
    "token-issuers": [{"issuer": "portero", "keys": "own.pem", "lifetime": 28800}],
    "certificate-issuers": ["people.pem"],
    "profiles": [
        {"groups": ["ops"], "profile": "baseline"},
        {"groups": ["dev"], "profile": "hardened"},
        {"profile": "restricted"},
    ],
    "identity-methods": ["tls", "token"],
    "break-glass": ["emergency"],
}
PORTERO = f"{sys.executable} -m portero"
# What each profile refuses of the same command, and what it does not.
RUN = "run --rm busybox:latest true"
REFUSED = {"alicia": set(), "bob": {"memory-limit"}, "carla": {"memory-limit", "image-tag"}}
GROUPS = {"alicia": "ops", "bob": "dev", "carla": "guests"}


@pytest.fixture(scope="module")
def identified() -> Iterator[GuardedDocker]:
    """A dockerd on a Unix socket and on TLS, guarded by a policy with users, and a token and certificate for each."""
    with started(GuardedDocker(engine=chosen_engine() or NEW, tls=True)) as docker:
        docker.do(f"mkdir -p {POLICY}/keys && {PORTERO} keygen /etc/portero/tokens")
        docker.write_json(f"{POLICY}/site.json", SITE)
        docker.do(f"cp /etc/portero/tokens.pub {POLICY}/keys/own.pem; cp {tls.AUTHORITY} {POLICY}/keys/people.pem")
        for user, group in GROUPS.items():
            docker.do(f"{_issue(user, group)} | {PORTERO} login --config /home/{user} --token -")
            tls.issue(docker.host, user, group)
        command = [*serve("hardened"), "--schemas", POLICY]
        docker.replace_plugin(["env", "PORTERO_HOST_GROUPS=web", *command])
        yield docker


def _issue(user: str, group: str, hosts: str = "web", lifetime: str = "1h") -> str:
    told = f"--for {hosts} --user {user} --group {group} --lifetime {lifetime}"
    return f"{PORTERO} token issue --key /etc/portero/tokens {told}"


def _rules(docker: GuardedDocker, command: str) -> set[str]:
    done = docker.shell(command, timeout=100)
    return {*refusing(done.stdout + done.stderr)}


def _token(docker: GuardedDocker, user: str) -> str:
    config = json.loads(docker.host.path(f"/home/{user}/config.json").read_text())
    return str(config["HttpHeaders"]["X-Portero-Token"])


@pytest.mark.parametrize("user", GROUPS)
@pytest.mark.parametrize("way", ["token", "tls"])
def test_three_users_have_three_profiles(identified: GuardedDocker, user: str, way: str) -> None:
    before = identified.log_size()

    docker = f"docker --config /home/{user}" if way == "token" else f"{tls.client(user)} docker"
    rules = _rules(identified, f"{docker} {RUN}")

    assert rules & {"memory-limit", "image-tag"} == REFUSED[user]
    decisions = [one for one in identified.decisions(before) if one["operation"] == "ContainerCreate"]
    assert {one["allowed"] for one in decisions} == {not rules}
    assert {(one["user"], *one["groups"], one["identifiedBy"]) for one in decisions} == {(user, GROUPS[user], way)}


def test_nobody_changes_anything_and_is_told_what_to_do(identified: GuardedDocker) -> None:
    done = identified.shell("docker stop nothing")

    assert "known-identity" in refusing(done.stderr)
    assert "portero login" in " ".join(done.stderr.split())


def test_nobody_reads_anything_but_the_version(identified: GuardedDocker) -> None:
    for command in ("ps", "inspect x", "save busybox", "logs x", "events --until 1s"):
        assert _rules(identified, f"docker {command}") == {"known-identity-reads"}, command
        assert "known-identity-reads" not in _rules(identified, f"docker --config /home/bob {command}")
    identified.do("docker version")


def test_certificate_and_token_of_one_user_go_together_and_of_two_contradict(identified: GuardedDocker) -> None:
    before = identified.log_size()

    identified.do(f"{tls.client('alicia')} docker --config /home/alicia ps")
    conflict = _rules(identified, f"{tls.client('alicia')} docker --config /home/bob ps")

    assert "tls+token" in {one.get("identifiedBy") for one in identified.decisions(before)}
    assert conflict == {"identity-conflict"}


def test_compose_the_environment_the_docker_package_and_curl_send_the_token(identified: GuardedDocker) -> None:
    before = identified.log_size()
    compose = "services: {one: {image: busybox, command: 'true'}}"
    identified.do(f'mkdir -p /srv/who; cd /srv/who; echo "{compose}" > compose.yaml; echo FROM busybox > Dockerfile')
    script = "import docker; docker.from_env().networks.create('who-py')"
    value = f"X-Portero-Token: {_token(identified, 'alicia')}"
    identified.host.path("/srv/header").write_text(value)

    identified.do("cd /srv/who; DOCKER_CONFIG=/home/alicia docker compose up --quiet-pull", 100)
    identified.do(f"DOCKER_CUSTOM_HEADERS='{value.replace(': ', '=')}' docker volume create who")
    identified.do(f'HOME=/nowhere DOCKER_CONFIG=/home/alicia {sys.executable} -c "{script}"')
    identified.do("curl -sf --unix-socket /run/docker.sock --header @/srv/header http://docker/images/json")

    decisions = identified.decisions(before)
    operations = [one["operation"] for one in decisions]
    assert {"ContainerCreate", "VolumeCreate", "ImageList"} <= {*operations}
    assert operations.count("NetworkCreate") == 2
    assert {one["user"] for one in decisions} == {"alicia"}


def test_a_build_of_buildx_is_known_by_certificate_only(identified: GuardedDocker) -> None:
    identified.do("mkdir -p /srv/build; echo FROM busybox > /srv/build/Dockerfile")
    build = "build -t who /srv/build"

    before = identified.log_size()
    refused = _rules(identified, f"docker --config /home/alicia {build}")
    by_token = identified.decisions(before)
    before = identified.log_size()
    identified.do(f"{tls.client('alicia')} docker {build}", 100)

    # buildx sends no HttpHeaders to /grpc, so that the one who builds is nobody there.
    assert "no-buildkit" in refused
    assert {one["user"] for one in by_token if one["operation"] == "Grpc"} == {""}
    assert {one["user"] for one in identified.decisions(before)} == {"alicia"}


@pytest.mark.parametrize(
    ("attack", "code"),
    [
        ("header=x-PORTERO-token; value=$(echo eyJhbGciOiJub25lIn0.e30.eA)", "token-invalid"),
        ("value=$good,$good", "token-invalid"),
        ('value="Bearer $good"', "token-invalid"),
        ("value=$good$(head -c 100000 /dev/zero | tr '\\0' x)", "headers-too-large"),
        ("value=${good}x", "token-untrusted"),
        (f"value=$({_issue('alicia', 'ops', hosts='db')})", "token-untrusted"),
        (f"value=$({_issue('alicia', 'ops', lifetime='9h')})", "token-untrusted"),
        (f"value=$({_issue('alicia', 'ops', lifetime='1s')}); sleep 1.1", "token-expired"),
        ("value=x; more='-H X-PORTERO-TOKEN:x'", "token-invalid"),
    ],
    ids=["none", "two", "bearer", "large", "forged", "other-host", "too-long", "expired", "repeated"],
)
def test_what_is_no_good_token_is_refused_with_its_code(identified: GuardedDocker, attack: str, code: str) -> None:
    good = _token(identified, "alicia")
    curl = "curl -s --unix-socket /run/docker.sock -H @/srv/attack $more http://docker/containers/json"

    said = identified.do(
        f'good={good}; header=X-Portero-Token; more=; {attack}; echo "$header: $value" > /srv/attack; {curl}'
    )

    assert refusing(json.loads(said)["message"]) == [code]
    assert good.split(".")[1] not in said


def test_the_last_of_repeated_headers_counts(identified: GuardedDocker) -> None:
    good = _token(identified, "alicia")
    before = identified.log_size()

    for first, last in ((good, "x"), ("x", good)):
        headers = f"-H 'x-portero-TOKEN: {first}' -H 'X-Portero-Token: {last}'"
        identified.do(f"curl -s --unix-socket /run/docker.sock {headers} http://docker/containers/json")

    assert [one["allowed"] for one in identified.decisions(before)] == [False, True]


def _put(docker: GuardedDocker, name: str, certificate: bytes) -> None:
    """A folder for DOCKER_CERT_PATH with this certificate, alicia's authority and the key of tests."""
    key = CLIENT_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    docker.do(f"mkdir {tls.FOLDER}/{name} && cp {tls.AUTHORITY} {tls.FOLDER}/{name}/")
    for file, text in (("cert.pem", certificate), ("key.pem", key)):
        docker.host.path(f"{tls.FOLDER}/{name}/{file}").write_bytes(text)


def test_every_client_works_with_a_folder_of_certs(identified: GuardedDocker) -> None:
    before = identified.log_size()
    compose = "services: {one: {image: busybox, command: 'true'}}"
    script = "import docker; print(docker.from_env().info()['Name'])"
    identified.do(f'mkdir -p /srv/tls; echo "{compose}" > /srv/tls/compose.yaml')

    for command in ("docker ps", "docker-compose -f /srv/tls/compose.yaml ps", f'{sys.executable} -c "{script}"'):
        identified.do(f"export {tls.client('bob')}; {command}")

    assert {(one["user"], one.get("identifiedBy")) for one in identified.decisions(before)} == {("bob", "tls")}


def test_dockerd_itself_refuses_a_client_without_a_good_certificate(identified: GuardedDocker) -> None:
    now = time.time()
    own = Authority(
        x509.load_pem_x509_certificate(identified.host.path(tls.AUTHORITY).read_bytes()),
        load_pem_private_key(identified.host.path(f"{tls.FOLDER}/ca-key.pem").read_bytes(), None),  # type: ignore[arg-type]
    )
    strange = make_authority("portero authority", begin=now - 60, end=now + 600)
    for name, authority, end in (("good", own, now + 600), ("ended", own, now - 1), ("strange", strange, now + 600)):
        certificate = authority.issue(["alicia"], ["ops"], begin=now - 60, end=end)
        _put(identified, name, certificate.public_bytes(Encoding.PEM))
    before = identified.log_size()

    ended = [identified.shell(f"{tls.client(name)} docker ps").returncode for name in ("good", "ended", "strange")]
    missing = f"HOME=/nowhere docker -H tcp://{tls.SERVER}:{tls.PORT} --tls --tlscacert {tls.AUTHORITY} ps"
    ended.append(identified.shell(missing).returncode)

    assert [status == 0 for status in ended] == [True, False, False, False]
    assert {one["user"] for one in identified.decisions(before)} == {"alicia"}


def test_a_renewed_certificate_works(identified: GuardedDocker) -> None:
    identified.do(f"{PORTERO} certs renew {tls.FOLDER}/carla --days 3")

    identified.do(f"{tls.client('carla')} docker ps")


def test_a_break_glass_token_gets_past_the_rules_for_an_hour_at_most(identified: GuardedDocker) -> None:
    before = identified.log_size()
    run = "docker run --rm --privileged busybox true"
    off = "docker plugin install --grant-all-permissions registry.example.com/evil"
    mounts = ("/run/docker/plugins", "/var/run/docker.sock", "/", "/etc/docker")
    off += "".join(f"; docker create -v {source}:/x busybox true" for source in mounts)
    off += "; docker volume create -o type=none -o o=bind -o device=/run/docker/plugins glass"
    said = {}
    for lifetime in ("1h", "2h"):
        value = identified.do(_issue("erin", "emergency", lifetime=lifetime)).strip()
        said[lifetime] = _rules(identified, f"export DOCKER_CUSTOM_HEADERS='X-Portero-Token={value}'; {run}; {off}")

    made = ("ContainerCreate", "VolumeCreate")
    decisions = [one for one in identified.decisions(before) if one["operation"] in made]
    refused = [(False, False)] * (len(mounts) + 1)
    answers = [(one["allowed"], one.get("breakGlass", False)) for one in decisions]
    assert answers == [(True, True), *refused, (False, False), *refused]
    assert said["1h"] == {"no-plugin-changes", "no-daemon-sockets", "protected-paths", "docker-data"}
    assert "no-privileged" in said["2h"]


OWNED = "/etc/portero/owned"
COMPOSE = Path(__file__).with_name("owned.yaml").read_text()


def test_haproxy_sends_the_token_of_a_tool(identified: GuardedDocker) -> None:
    """The recipe of docs/doors.md; a client's own token is none there."""
    if shutil.which("haproxy") is None:
        give_up("the recipe with HAProxy needs it: apt-get install haproxy")
    page = (ROOT / "docs" / "doors.md").read_text(encoding="utf-8").partition("## HAProxy and a token")[2]
    (recipe,) = re.findall(r"```\n(.*?)```", page, re.DOTALL)
    identified.do(
        "mkdir -p /run/tool; docker --config /home/alicia run -d --name read busybox sh -c 'echo said; sleep 99'"
    )
    identified.host.path("/etc/docker.cfg").write_text(recipe)
    client = Client(identified.host.path("/run/tool/docker.sock"))
    words = ["env", f"TOKEN={_token(identified, 'bob')}", "haproxy", "-f", "/etc/docker.cfg"]
    with identified.host.running("haproxy", words, lambda: client.ask("GET", "/_ping").status == 200):
        before = identified.log_size()
        for command in (
            *("ps", "logs read", "inspect read", "events --since 1m --until 1s", "exec -i read cat < /dev/null"),
        ):
            identified.do(f"docker -H unix:///run/tool/docker.sock {command}")
        forged = f"-H 'x-portero-token: {_token(identified, 'alicia')}' -H 'Connection: x-portero-token'"
        identified.do(f"curl -sf {forged} --unix-socket /run/tool/docker.sock http://d/containers/json")

    lines = identified.decisions(before)
    assert {(one["user"], one["identifiedBy"]) for one in lines} == {("bob", "token")}
    assert "ContainerLogs" in {one["operation"] for one in lines}
    identified.do("docker --config /home/alicia rm -f read")


@pytest.fixture(scope="module")
def owned(identified: GuardedDocker) -> Iterator[GuardedDocker]:
    """The same under a policy with ownership, in which alicia's group are operators; for the last tests."""
    site = {**SITE, "profiles": [], "ownership": "owner", "operator-groups": ["ops"]}
    identified.do(f"mkdir -p {OWNED} && cp -r {POLICY}/keys {OWNED}/")
    identified.write_json(f"{OWNED}/site.json", site)
    command = [*serve("baseline"), "--schemas", OWNED]
    with identified.guarded_by(["env", "PORTERO_HOST_GROUPS=web", *command]):
        yield identified


PRUNES = ("image prune --force", "builder prune --force", "network prune --force", "volume prune --force")


def test_containers_are_used_by_owners_and_operators_only(owned: GuardedDocker) -> None:
    # Without BuildKit, over which no plugin sees a prune.
    alicia, bob, carla = (f"DOCKER_BUILDKIT=0 docker --config /home/{user}" for user in GROUPS)
    run = "run --detach --name bobs --init --label owner=bob busybox sleep 3600"
    uses = ("exec bobs true", "logs bobs", "inspect bobs", "top bobs", "cp bobs:/etc/hostname /tmp/x", "rename bobs x")
    owned.do(f"{bob} {run}")

    for use in (*uses, "stop bobs", "rm --force bobs", "container prune --force", *PRUNES):
        assert _rules(owned, f"{carla} {use}") & {"own-objects-only", "own-objects-read"}, use
    assert _rules(owned, f"{carla} {run.replace('bobs', 'carlas')}") == {"owner-label-own"}
    for user in (bob, alicia):
        for use in uses[:-1]:
            owned.do(f"{user} {use}")
    # The user dev is not the group dev, and a name is not taken for the ID of bob's.
    dev = f"export DOCKER_CUSTOM_HEADERS=X-Portero-Token=$({_issue('dev', 'guests')})"
    owned.do(f"{bob} run --detach --name devs --init --label owner=group:dev busybox sleep 3600")
    assert _rules(owned, f"{dev}; docker stop devs") == {"own-objects-only"}
    named = run.replace("--name bobs", "--name $(docker --config /home/bob inspect -f '{{slice .Id 0 12}}' bobs)")
    assert _rules(owned, f"{carla} {named.replace('owner=bob', 'owner=carla')}") == {"no-names-like-ids"}
    for use in ("exec devs true", *PRUNES):
        owned.do(f"{alicia} {use}")
    # What a plugin cannot hide.
    assert "bobs" in owned.do(f"{carla} ps --format '{{{{.Names}}}}'")
    owned.do(f"{alicia} rm --force bobs devs")


def test_a_compose_project_is_its_groups(owned: GuardedDocker) -> None:
    owned.do("mkdir -p /srv/owned")
    owned.host.path("/srv/owned/compose.yaml").write_text(COMPOSE)
    compose = "docker compose --project-directory /srv/owned"
    try:
        owned.do(f"DOCKER_CONFIG=/home/bob {compose} up --detach --quiet-pull", 100)

        for words in ("exec -T one true", "stop", "down", "up --detach --force-recreate"):
            refused = _rules(owned, f"DOCKER_CONFIG=/home/carla {compose} {words}")
            assert refused & {"own-objects-only", "own-objects-read"}, words
        owned.do(f"DOCKER_CONFIG=/home/bob {compose} exec -T one true")
    finally:
        owned.do(f"DOCKER_CONFIG=/home/bob {compose} down --volumes --timeout 1", 100)


def test_no_part_of_a_token_is_in_any_log(identified: GuardedDocker) -> None:
    said = identified.host.path(LOG).read_text() + identified.logs() + identified.daemon_log()

    for user in GROUPS:
        assert not [part for part in _token(identified, user).split(".")[1:] if part in said]
