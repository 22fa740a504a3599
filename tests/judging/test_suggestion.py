"""What a denial proposes: true for every rule, one consistent command, and nothing rather than something false."""

import base64
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pytest

from portero import engine
from portero.decision import Decision, Violation
from portero.host.fixed import FixedHost
from portero.judging import reply, request_document, suggestion
from portero.judging.judge import Judge
from portero.policy.loader import Policy, load
from portero.policy.place import spell_at
from portero.policy.rule import Example, Rule
from portero.proof.examples import Examples
from portero.reading.canonical import Shapes
from portero.reading.routes import Routes
from tests.paths import SCHEMAS

EXAMPLE_SITE = SCHEMAS / "example-site"
PROPOSING = sorted(file.stem for file in (SCHEMAS / "rules").glob("*/*.json") if "try" in json.loads(file.read_text()))


@cache
def routes() -> Routes:
    return Routes.load(json.loads((SCHEMAS / "operations.json").read_text()))


@cache
def shapes() -> Shapes:
    return Shapes.load(SCHEMAS / "api")


@cache
def policy() -> Policy:
    return load([SCHEMAS, EXAMPLE_SITE], engine.best(), routes().operations)


@cache
def shipped() -> Policy:
    return load([SCHEMAS], engine.best(), routes().operations)


@cache
def examples() -> Examples:
    base = json.loads((SCHEMAS / "base-requests.json").read_text())
    return Examples(base, {operation.id: operation for operation in routes().operations}, shapes())


def denials(rule: Rule, document: Any) -> list[Violation]:
    failures = policy().checks[rule.id].failures(document)
    return [Violation(rule.id, rule.level, spell_at(document, f), "deny", rule.reason, rule.remedy) for f in failures]


def suggested(rule: Rule, example: Example) -> tuple[suggestion.Suggestion | None, bool]:
    """The suggestion for a denied example, and whether the rule allows the request that is changed so."""
    document, host = examples().document(example), FixedHost(example.changes.get("host", {}))  # type: ignore[arg-type]
    found = suggestion.suggest(document, denials(rule, document), policy())
    return found, found is not None and not denials(rule, request_document.rebuild(found.document, host))


@pytest.mark.parametrize("rule", PROPOSING)
def test_what_a_rule_proposes_satisfies_it(rule: str) -> None:
    """Where a command has no flag for it (an API call has more to say), nothing true can be proposed."""
    found = {example.command: suggested(policy().rules[rule], example) for example in policy().rules[rule].denies}

    wrong = [command for command, (found, good) in found.items() if found is not None and not good]
    assert any(good for _, good in found.values())
    # The API can say more than flags can undo, and so can --mount: the judge lets no such suggestion pass.
    assert [command for command in wrong if "curl" not in command and "--mount" not in command] == []


@pytest.mark.parametrize("rule", PROPOSING)
def test_nothing_of_the_request_is_repeated(rule: str) -> None:
    marker = "zq9secret"
    for example in policy().rules[rule].denies:
        document = examples().document(example)
        marked = json.loads(json.dumps(document).replace("busybox", marker).replace("/srv", f"/{marker}"))
        found = suggestion.suggest(marked, denials(policy().rules[rule], document), policy())

        assert marker not in str(found.words if found else "")


def test_a_changed_request_leaves_the_old_one_as_it_was() -> None:
    rule = policy().rules["memory-limit"]
    document = examples().document(rule.denies[0])
    before = json.dumps(document)

    found = suggestion.suggest(document, denials(rule, document), policy())

    assert found is not None
    assert json.dumps(document) == before


def judge(
    profile: str = "hardened", mode: Literal["enforce", "audit"] = "enforce", policy: Policy | None = None
) -> Judge:
    return Judge(policy or shipped(), routes(), shapes(), FixedHost(), profile, mode)


def envelope(path: str, body: Any, client: str = "Docker-Client/26.1.5", method: str = "POST") -> bytes:
    data = json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(data)), "User-Agent": client}
    asked = {"RequestMethod": method, "RequestUri": path, "RequestHeaders": headers}
    return json.dumps({**asked, "RequestBody": base64.b64encode(data).decode()}).encode()


def decided(path: str, body: Any, client: str = "Docker-Client/26.1.5", **how: Any) -> Decision:
    return judge(**how).decide(envelope(path, body, client), "d-1", 0.0)


def tried(body: Any, path: str = "/v1.45/containers/create", **how: Any) -> str:
    """What is proposed; empty when nothing is."""
    decision = decided(path, body, **how)
    return decision.suggestion.get(reply.dialect_of(decision.subject.client), "")


def test_all_that_is_missing_stands_in_one_command() -> None:
    assert tried({"Image": "busybox"}) == (
        "docker run --cpus 1 --memory 1g --memory-swap 1g --ulimit nofile=4096:10240 --pids-limit 200 ..."
    )


def test_what_the_request_has_already_is_not_proposed_again() -> None:
    config = {
        "Memory": 1 << 30,
        "MemorySwap": 1 << 30,
        "PidsLimit": 200,
        "Ulimits": [{"Name": "nofile", "Soft": 1, "Hard": 1}],
    }

    assert tried({"Image": "busybox", "HostConfig": config}) == "docker run --cpus 1 ..."


def test_what_is_too_much_is_taken_away() -> None:
    config = {"Privileged": True, "CapAdd": ["CHOWN", "SYS_ADMIN"], "Binds": ["/etc:/x"], "PidMode": "host"}

    line = tried({"Image": "busybox", "HostConfig": config}, profile="baseline")

    assert line == "docker run ..., without --cap-add (HostConfig.CapAdd[1]), --pid, --privileged, --volume"


def test_the_strictest_profile_is_satisfied_by_one_command(tmp_path: Path) -> None:
    site = {"networks": ["app"], "registries": ["registry.example.com/team"]}
    (tmp_path / "site.json").write_text(json.dumps(site))
    strict = load([SCHEMAS, tmp_path], engine.best(), routes().operations)

    assert tried({"Image": "busybox"}, profile="restricted", policy=strict) == (
        "docker run --cpus 1 --memory 1g --memory-swap 1g --ulimit nofile=4096:10240 --pids-limit 200 --cap-drop ALL "
        "--log-driver journald --network app --security-opt no-new-privileges --user 10001:10001 --read-only ... "
        "registry.example.com/team/NAME:TAG; NAME, TAG: yours to fill in"
    )


def test_a_compose_user_reads_keys() -> None:
    line = tried({"Image": "busybox", "HostConfig": {"Privileged": True}}, client="compose/2.26.1")

    assert line == (
        "the service in the compose file with {cpus: 1, mem_limit: 1g, memswap_limit: 1g, "
        "ulimits: {nofile: {soft: 4096, hard: 10240}}, pids_limit: 200}, without privileged"
    )


def test_a_service_reads_the_flags_of_services() -> None:
    body = {"Name": "web", "TaskTemplate": {"ContainerSpec": {"Image": "busybox"}}}

    assert tried(body, "/v1.45/services/create") == (
        "docker service create --limit-cpu 1 --limit-memory 1g --ulimit nofile=4096:10240 --limit-pids 200 ..."
    )
    assert tried(body, "/v1.45/services/web/update?version=1").startswith("docker service update --limit-cpu 1")


def test_an_update_a_command_and_a_network_have_words_of_their_own() -> None:
    assert tried({"PidsLimit": -1}, "/v1.45/containers/web/update") == "docker update --pids-limit 200 ..."
    assert (
        tried({"Cmd": ["id"], "Privileged": True}, "/v1.45/containers/web/exec")
        == "docker exec ..., without --privileged"
    )
    assert tried({"Name": "app"}, "/v1.45/networks/create", profile="restricted") == (
        "docker network create --opt com.docker.network.bridge.enable_icc=false ..."
    )
    assert tried({"Name": "app"}, "/v1.45/networks/create", client="compose/2.26.1", profile="restricted") == (
        'the network in the compose file with {driver_opts: {com.docker.network.bridge.enable_icc: "false"}}'
    )


def test_a_pull_names_the_form_of_the_image() -> None:
    asked = {"RequestMethod": "POST", "RequestUri": "/v1.45/images/create?fromImage=busybox&tag=latest"}

    decision = judge("restricted").decide(json.dumps(asked).encode(), "d-1", 0.0)

    assert decision.suggestion["docker"] == "docker pull NAME:TAG; NAME, TAG: yours to fill in"


@pytest.mark.parametrize(
    "config",
    [
        pytest.param({"Annotations": {"elsewhere": "1"}}, id="a rule without a proposal"),
        pytest.param({"CpuQuota": 900000}, id="a flag that stays beside the proposed one"),
    ],
)
def test_nothing_is_proposed_that_would_be_refused_again(config: Any) -> None:
    body = {"Image": "busybox", "HostConfig": config}

    assert not decided("/v1.45/containers/create", body).allowed
    assert tried(body) == ""


def test_a_field_that_docker_does_not_know_stays_in_the_way() -> None:
    strict = replace(shipped(), site={**shipped().site, "unknown-fields": "deny"})

    assert tried({"Image": "busybox", "Foo": 1}, policy=strict) == ""


def test_a_site_without_a_value_for_it_proposes_nothing() -> None:
    bare = replace(shipped(), site={**shipped().site, "log-drivers-remote": []})

    assert tried({"Image": "busybox"}, profile="restricted", policy=shipped()) != ""
    assert tried({"Image": "busybox"}, profile="restricted", policy=bare) == ""


def test_what_cannot_be_read_has_no_suggestion() -> None:
    decision = judge().decide(b"", "d-1", 0.0)

    assert decision.suggestion == {}


def test_an_allowed_request_and_an_audit_have_no_suggestion() -> None:
    allowed = judge().decide(json.dumps({"RequestMethod": "GET", "RequestUri": "/v1.45/info"}).encode(), "d-1", 0.0)
    audited = decided("/v1.45/containers/create", {"Image": "busybox"}, mode="audit")

    assert (allowed.allowed, allowed.suggestion) == (True, {})
    assert (audited.allowed, audited.suggestion) == (True, {})


def test_a_suggestion_beyond_all_measure_is_left_out() -> None:
    config = {"Binds": [f"/etc:/x{n}" for n in range(100)] + ["data:/data"]}

    assert tried({"Image": "busybox", "HostConfig": config}, profile="baseline") == ""
