"""What a denial proposes: true for every rule, one consistent command, and nothing rather than something false."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pytest

from portero.decide.decision import Decision, Violation
from portero.decide.facts import request_document
from portero.decide.flags.try_keyword import Proposal
from portero.decide.judging import proposal, try_line
from portero.decide.judging.enforcement import Enforcement
from portero.decide.judging.judge import Judge
from portero.decide.policy.at import find_failure
from portero.decide.policy.policy import Policy
from portero.decide.policy.rule import Example, Rule
from portero.decide.values.denial_parts import Proposed
from portero.observe.stores.api_tables import load_api
from portero.observe.stores.policy_loader import load_policy
from portero.tools.proof.rule_examples import Examples
from tests.cases import cases
from tests.decide.judging.requests import envelope
from tests.observe.host.fixed_objects import FixedHost
from tests.paths import SCHEMAS

EXAMPLE_SITE = SCHEMAS / "example-site"
ROUTES, SHAPES = load_api()
PROPOSING = sorted(file.stem for file in (SCHEMAS / "rules").glob("*/*.json") if "try" in json.loads(file.read_text()))


@cache
def policy() -> Policy:
    return load_policy([SCHEMAS, EXAMPLE_SITE], ROUTES.operations)


@cache
def shipped() -> Policy:
    return load_policy([SCHEMAS], ROUTES.operations)


@cache
def examples() -> Examples:
    base = json.loads((SCHEMAS / "base-requests.json").read_text())
    return Examples(base, {operation.id: operation for operation in ROUTES.operations}, SHAPES)


def denials(rule: Rule, document: Any) -> list[Violation]:
    failures = policy().checks[rule.id].failures(document)
    return [
        Violation(rule.id, rule.level, find_failure(document, f)[0], "deny", rule.reason, rule.remedy) for f in failures
    ]


def suggested(rule: Rule, example: Example) -> tuple[proposal.Suggestion | None, bool]:
    """The suggestion for a denied example, and whether the rule allows the request that is changed so."""
    document, host = examples().make_document(example), FixedHost(example.changes.get("host", {}))  # type: ignore[arg-type]
    found = proposal.suggest(document, denials(rule, document), policy())
    if found is None:
        return None, False
    # What the request names is looked up anew; what it no longer names is not there.
    changed = {**request_document.rebuild_document(found.document, host), "objects": {}}
    return found, not denials(rule, changed)


@pytest.mark.parametrize("rule", PROPOSING)
def test_what_a_rule_proposes_satisfies_it(rule: str) -> None:
    """Where a command has no flag for it (an API call has more to say), nothing true can be proposed."""
    found = {example.command: suggested(policy().rules[rule], example) for example in policy().rules[rule].denies}

    wrong = [command for command, (found, good) in found.items() if found is not None and not good]
    assert any(good for _, good in found.values())
    # The API can say more than flags can undo, and so can --mount: the judge lets no such suggestion pass.
    assert [command for command in wrong if "curl" not in command and "--mount" not in command] == []


SECRET = "zq9secret"
HOLD_SECRETS = {"Env", "Labels", "Annotations", "Config", "DriverOpts", "Options", "Args", "Cmd"}


def marked(value: Any, *, secret: bool = False) -> Any:
    """The body with every value that can be a secret replaced by the mark."""
    if isinstance(value, dict):
        return {name: marked(inner, secret=secret or name in HOLD_SECRETS) for name, inner in value.items()}
    if isinstance(value, list):
        return [marked(inner, secret=secret) for inner in value]
    return f"password={SECRET}" if secret and isinstance(value, str) else value


@pytest.mark.parametrize("rule", PROPOSING)
def test_nothing_that_can_be_a_secret_is_repeated(rule: str) -> None:
    for example in policy().rules[rule].denies:
        document = examples().make_document(example)
        violated = denials(policy().rules[rule], document)
        body: Any = {"Env": [""], "Labels": {"a": ""}, **marked(document["body"] or {})}
        found = proposal.suggest({**document, "body": marked(body)}, violated, policy())

        assert SECRET not in str(try_line.propose(found.changes, ()) if found else "")


def test_a_changed_request_leaves_the_old_one_as_it_was() -> None:
    rule = policy().rules["memory-limit"]
    document = examples().make_document(rule.denies[0])
    before = json.dumps(document)

    found = proposal.suggest(document, denials(rule, document), policy())

    assert found is not None
    assert json.dumps(document) == before


def judge(
    profile: str = "hardened", mode: Literal["enforce", "audit"] = "enforce", policy: Policy | None = None
) -> Judge:
    return Judge(policy or shipped(), ROUTES, SHAPES, FixedHost(), Enforcement(profile, mode))


def decided(path: str, body: Any, client: str = "Docker-Client/26.1.5", **how: Any) -> Decision:
    headers = {"Content-Type": "application/json", "User-Agent": client}
    return judge(**how).decide(envelope("POST", path, body, RequestHeaders=headers), "d-1", 0.0)


def proposed(body: Any, **how: Any) -> Proposed:
    """What is proposed for a container."""
    suggestion = decided("/v1.45/containers/create", body, **how).suggestion
    assert suggestion is not None
    return suggestion


def tried(body: Any, path: str = "/v1.45/containers/create", **how: Any) -> str:
    """What is proposed; empty when nothing is."""
    decision = decided(path, body, **how)
    assert decision.fault is None
    return decision.suggestion.line if decision.suggestion is not None else ""


ALL_LIMITS = "-m 1g --memory-swap 1g --cpus 1 --pids-limit 200 --ulimit nofile=4096:10240"
NOFILE = {"Name": "nofile", "Soft": 1, "Hard": 1}
LIMITED = {"Memory": 1 << 30, "MemorySwap": 1 << 30, "NanoCpus": 10**9, "PidsLimit": 200, "Ulimits": [NOFILE]}


def tried_with(config: Any, **how: Any) -> str:
    """What is proposed for a container that has all limits, and this."""
    return tried({"Image": "busybox", "HostConfig": {**LIMITED, **config}}, **how)


def test_all_that_is_missing_stands_in_one_command() -> None:
    assert tried({"Image": "busybox"}) == f"docker run {ALL_LIMITS} …"


SOCKET = {"Type": "bind", "Source": "/var/run/docker.sock", "Target": "/var/run/docker.sock"}


@pytest.mark.parametrize(
    ("mount", "flag"),
    [
        (SOCKET, "--mount type=bind,source=/var/run/docker.sock,target=/var/run/docker.sock"),
        ({**SOCKET, "BindOptions": {}}, "--use-api-socket"),  # as the command line of 29 writes it
    ],
    ids=["mount", "use-api-socket"],
)
def test_the_flag_that_brought_the_socket_is_named(mount: Any, flag: str) -> None:
    assert tried_with({"Mounts": [mount]}, profile="baseline") == f"docker run …  (without {flag})"


STACK = {
    "Name": "shop_web",
    "Labels": {"com.docker.stack.namespace": "shop"},
    "TaskTemplate": {
        "ContainerSpec": {"Image": "busybox", "Mounts": [{"Type": "bind", "Source": "/etc", "Target": "/x"}]}
    },
}


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("create", "service web in the compose file without volumes type=bind,source=/etc,target=/x"),
        ("web/update?version=7", "service web in the compose file without volumes type=bind,source=/etc,target=/x"),
        ("web/update?version=7&registryAuthFrom=spec", ""),
    ],
)
def test_a_stack_that_is_deployed_again_gets_the_keys_of_its_file(path: str, line: str) -> None:
    assert tried(STACK, f"/v1.45/services/{path}", profile="baseline") == line


def test_what_the_request_has_already_is_not_proposed_again() -> None:
    config = {name: value for name, value in LIMITED.items() if name != "NanoCpus"}

    assert tried({"Image": "busybox", "HostConfig": config}) == "docker run --cpus 1 …"


@pytest.mark.parametrize(("config", "expected"), cases(__file__, "proposed-values.jsonl"))
def test_too_much_is_replaced_by_what_the_site_allows(config: Any, expected: str) -> None:
    assert tried_with(config) == expected


PRIVATE = {"Type": "bind", "Source": "/srv/app", "Target": "/app", "ReadOnly": True}


@pytest.mark.parametrize(("config", "expected"), cases(__file__, "proposed-mounts.jsonl"))
def test_a_mount_becomes_read_only_or_private_or_a_size_before_it_is_left_out(config: Any, expected: str) -> None:
    assert tried_with(config) == expected


def test_a_mount_that_may_not_be_read_only_either_is_left_out() -> None:
    """Under restricted a read-only source must be listed, too."""
    config = {"Binds": ["/srv/app:/app"], "SecurityOpt": ["no-new-privileges"], "CapDrop": ["ALL"]}

    assert "(without -v /srv/app:/app)" in tried_with(config, profile="restricted")


def test_what_is_too_much_is_taken_away_with_its_value() -> None:
    config = {
        "Privileged": True,
        "CapAdd": ["CHOWN", "SYS_ADMIN"],
        "PidMode": "host",
        "NetworkMode": "host",
        "Devices": [{"PathOnHost": "/dev/kmsg", "PathInContainer": "/dev/kmsg", "CgroupPermissions": "rwm"}],
        "DeviceRequests": [{"Driver": "", "Count": -1, "Capabilities": [["gpu"]]}],
        "SecurityOpt": ["apparmor=unconfined", 'seccomp={"defaultAction": "SCMP_ACT_ALLOW"}'],
        "Sysctls": {"kernel.core_uses_pid": "1", "net.ipv4.tcp_syncookies": "1"},
        "MaskedPaths": [],
        "ReadonlyPaths": [],
    }

    line = tried_with(config, profile="baseline")

    assert sorted(line.removeprefix("docker run …  (without ").removesuffix(")").split(", ")) == [
        *("--cap-add SYS_ADMIN", "--device /dev/kmsg", "--gpus all", "--network host", "--pid host", "--privileged"),
        *(f"--security-opt {option}" for option in ("apparmor=unconfined", "seccomp=...", "systempaths=unconfined")),
        "--sysctl kernel.core_uses_pid=1",
    ]


def test_ports_get_an_address_and_a_higher_port(tmp_path: Path) -> None:
    (tmp_path / "site.json").write_text(json.dumps({"networks": ["app"], "log-drivers-remote": ["journald"]}))
    strict = load_policy([SCHEMAS, tmp_path], ROUTES.operations)
    ports = {"80/tcp": [{"HostPort": "80"}], "53/udp": [{"HostPort": "5353", "HostIp": "10.0.0.1"}]}
    image = f"registry.example.com/app:1@sha256:{'a' * 64}"
    body = {"Image": image, "HostConfig": {**LIMITED, "PortBindings": ports}}

    line = tried(body, profile="restricted", policy=replace(strict, site={**strict.site, "registries": []}))

    assert "-p 127.0.0.1:8080:80 " in line
    assert "instead of -p 80:80" in line
    assert "5353" not in line


def test_the_strictest_profile_is_satisfied_but_for_what_no_flag_can_say(tmp_path: Path) -> None:
    (tmp_path / "site.json").write_text(json.dumps({"networks": ["app"], "registries": ["registry.example.com/team"]}))
    strict = load_policy([SCHEMAS, tmp_path], ROUTES.operations)

    suggestion = proposed({"Image": "busybox"}, profile="restricted", policy=strict)

    assert suggestion.line == (
        f"docker run {ALL_LIMITS} --log-driver journald --network app --cap-drop ALL "
        "--security-opt no-new-privileges --read-only -u 10001:10001 …"
    )
    assert suggestion.still == ("image-registries", "image-tag")
    assert suggestion.entry()["still"] == ["image-registries", "image-tag"]


def test_a_compose_user_reads_keys() -> None:
    line = tried({"Image": "busybox", "HostConfig": {"Privileged": True}}, client="compose/2.26.1")

    assert line == (
        "the service in the compose file with {mem_limit: 1g, memswap_limit: 1g, cpus: 1, pids_limit: 200, "
        "ulimits: {nofile: {soft: 4096, hard: 10240}}}  (without privileged)"
    )
    labelled = {"Image": "busybox", "Labels": {"com.docker.compose.project": "shop"}}
    assert tried(labelled).startswith("the service in the compose file with {mem_limit: 1g")


def test_a_compose_user_reads_which_volume_is_replaced() -> None:
    mount = {"Type": "bind", "Source": "/srv/app", "Target": "/app"}

    assert tried_with({"Binds": ["/srv/app:/app"]}, client="compose/2.26.1") == (
        'the service in the compose file with {volumes: ["/srv/app:/app:ro"]}  (instead of volumes /srv/app:/app)'
    )
    assert tried_with({"Mounts": [mount]}, client="compose/2.26.1").startswith(
        'the service in the compose file with {volumes: [{type: bind, source: "/srv/app", target: "/app", '
        "read_only: true}]}"
    )


def test_a_service_reads_the_flags_of_services() -> None:
    body = {"Name": "web", "TaskTemplate": {"ContainerSpec": {"Image": "busybox"}}}
    limits = "--limit-memory 1g --limit-cpu 1 --limit-pids 200"

    assert tried(body, "/v1.45/services/create") == f"docker service create {limits} --ulimit nofile=4096:10240 …"
    assert tried(body, "/v1.45/services/web/update?version=1") == (
        f"docker service update {limits} --ulimit-add nofile=4096:10240 …"
    )


def test_an_update_a_command_a_volume_and_a_network_have_words_of_their_own() -> None:
    assert tried({"PidsLimit": -1}, "/v1.45/containers/web/update") == (
        "docker update --pids-limit 200 …  (instead of --pids-limit -1)"
    )
    assert tried({"Cmd": ["id"], "Privileged": True}, "/v1.45/containers/web/exec") == (
        "docker exec …  (without --privileged)"
    )
    volume = {"Name": "v", "DriverOpts": {"type": "cifs", "device": "//nas/x", "o": "username=u,password=p"}}
    assert tried(volume, "/v1.45/volumes/create") == (
        "docker volume create …  (without -o type=cifs, -o device=..., -o o=...)"
    )
    assert tried({"Name": "app"}, "/v1.45/networks/create", profile="restricted") == (
        "docker network create -o com.docker.network.bridge.enable_icc=false …"
    )
    assert tried({"Name": "app"}, "/v1.45/networks/create", client="compose/2.26.1", profile="restricted") == (
        'the network in the compose file with {driver_opts: {com.docker.network.bridge.enable_icc: "false"}}'
    )


def test_a_build_reads_the_flags_of_builds() -> None:
    """It has no --cpus, and none for processes."""
    lax = replace(
        shipped(), site={**shipped().site, "actions": {"no-classic-builds": "audit", "unseen-device-nodes": "audit"}}
    )
    target = "/v1.45/build?memory=4294967296&cpuquota=0&version=1&ulimits=null"
    headers = {"Content-Type": "application/x-tar", "Content-Length": "0"}

    decision = judge(policy=lax).decide(envelope("POST", target, RequestHeaders=headers), "d-1", 0.0)

    assert decision.suggestion is not None, decision.violations
    assert decision.suggestion.line == (
        "docker build -m 1g --memory-swap 1g --cpu-period 100000 --cpu-quota 100000 …  (instead of -m 4g)"
    )


BUSYBOX = {"Image": "busybox"}


@pytest.mark.parametrize(
    ("data", "mode", "allowed"),
    [
        pytest.param(envelope("POST", "/v1.45/build?version=1"), "enforce", False, id="refused outright"),
        pytest.param(b"", "enforce", False, id="cannot be read"),
        pytest.param(envelope("GET", "/v1.45/info"), "enforce", True, id="allowed"),
        pytest.param(envelope("POST", "/v1.45/containers/create", BUSYBOX), "audit", True, id="only audited"),
    ],
)
def test_a_request_has_no_suggestion(data: bytes, mode: Literal["enforce", "audit"], allowed: bool) -> None:
    decision = judge(mode=mode).decide(data, "d-1", 0.0)

    assert (decision.allowed, decision.suggestion) == (allowed, None)


def test_a_part_is_proposed_where_a_rule_proposes_nothing() -> None:
    ports = {f"{port}/tcp": [{"HostPort": str(port)}] for port in range(2000, 2300)}
    body = {"Image": "busybox", "HostConfig": {**LIMITED, "Privileged": True, "PortBindings": ports}}

    suggestion = proposed(body)

    assert suggestion.line == "docker run …  (without --privileged)"
    assert suggestion.still == ("published-ports-limited",)


def test_a_default_that_a_rule_refuses_is_named_where_it_takes_the_place_of_what_is_left_out() -> None:
    body = {"Image": "busybox:1.36", "HostConfig": {**LIMITED, "NetworkMode": "host"}}

    suggestion = proposed(body, profile="restricted")

    assert suggestion.line.endswith("(without --network host)")
    assert suggestion.still == ("no-default-bridge",)


def test_a_log_driver_that_docker_does_not_have_goes_with_its_options() -> None:
    body = {"Image": "busybox", "HostConfig": {"LogConfig": {"Type": "loki", "Config": {"loki-url": "http://h"}}}}

    assert tried(body, profile="baseline") == "docker run …  (without --log-driver loki, --log-opt loki-url=...)"


@pytest.mark.parametrize("everywhere", ["", "0.0.0.0", "::"])
def test_a_port_on_every_address_gets_one_however_that_is_spelt(everywhere: str) -> None:
    ports = {"80/tcp": [{"HostIp": everywhere, "HostPort": "8080"}]}
    body = {"Image": "busybox:1.36", "HostConfig": {**LIMITED, "PortBindings": ports}}

    assert ("-p", "127.0.0.1:8080:80") in proposed(body, profile="restricted").add


def test_the_log_has_what_the_line_says() -> None:
    body = {"Image": "busybox", "HostConfig": {**LIMITED, "Memory": 4 << 30, "Privileged": True}}

    assert decided("/v1.45/containers/create", body).line(0)["try"] == {
        "add": [["-m", "1g"]],
        "instead": [["-m", "4g"]],
        "without": [["--privileged"]],
    }
    assert "try" not in decided("/v1.45/containers/create", body, profile="baseline", mode="audit").line(0)


def test_nothing_is_proposed_that_would_be_refused_again() -> None:
    wrong = replace(shipped().rules["memory-limit"], proposal=Proposal((("--memory", "8g"),), ()))
    lying = replace(shipped(), rules={**shipped().rules, "memory-limit": wrong})

    assert tried_with({"Memory": 0}, policy=lying) == ""
    assert tried_with({"Memory": 0}) != ""


def test_what_no_flag_can_say_is_named_as_still_in_the_way() -> None:
    strict = replace(shipped(), site={**shipped().site, "unknown-fields": "deny"})

    assert proposed({"Image": "busybox", "Foo": 1}, policy=strict).still == ("unknown-field",)


def test_a_site_without_a_value_for_it_proposes_nothing_for_that_rule(tmp_path: Path) -> None:
    (tmp_path / "site.json").write_text(json.dumps({"log-drivers-remote": []}))
    bare = load_policy([SCHEMAS, tmp_path], ROUTES.operations)

    assert "--log-driver journald" in tried({"Image": "busybox"}, profile="restricted", policy=shipped())
    assert "--log-driver" not in tried({"Image": "busybox"}, profile="restricted", policy=bare)


def test_a_suggestion_beyond_all_measure_is_left_out() -> None:
    config = {"Binds": [f"/etc:/x{n}" for n in range(100)] + ["data:/data"]}

    assert tried({"Image": "busybox", "HostConfig": config}, profile="baseline") == ""


def test_a_compose_user_reads_which_service_it_is() -> None:
    labels = {"com.docker.compose.project": "shop", "com.docker.compose.service": "web-1"}
    limited = {"Image": "busybox", "Labels": labels, "HostConfig": {**LIMITED, "PidMode": "host"}}

    assert tried({"Image": "busybox", "Labels": labels}).startswith("service web-1 in the compose file with {mem_limit")
    assert tried(limited) == "service web-1 in the compose file without pid host"
    odd = {**labels, "com.docker.compose.service": "web\n  try: rm"}
    assert tried({**limited, "Labels": odd}) == "the service in the compose file without pid host"
