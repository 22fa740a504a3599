"""What a decision says about its request, however much of it could be read."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from portero.decide.decision import Subject
from portero.decide.facts.masking import mask_request
from portero.decide.identity.caller import Identity
from portero.decide.judging import denial
from portero.decide.judging.subject import describe_subject, find_composed, read_traceparent
from portero.decide.reading.envelope import Envelope, read_envelope
from portero.decide.values.json_fields import JSON
from portero.observe.host.fixed_host import FixedHost
from portero.observe.stores.policy_loader import load_policy
from tests.decide.judging.requests import envelope, write_files
from tests.judges import make_judge
from tests.paths import SCHEMAS

ASKED = Envelope("GET", "/_ping", None, {"user-agent": "Docker-Client/28"}, "alicia", "TLS", ())


def test_nothing_is_said_of_what_could_not_be_read() -> None:
    assert describe_subject(None, None, None, None, {}) == Subject()


def test_until_the_user_is_proved_the_name_that_dockerd_gives_is_claimed() -> None:
    given = describe_subject(ASKED, None, None, None, {})
    proved = describe_subject(ASKED, None, None, Identity("ci", ("dev",), "token", ("DNS:a",)), {})

    assert (given.user, given.claimed, given.identified_by) == ("", "alicia", "")
    assert given.client == "Docker-Client/28"
    assert (proved.user, proved.claimed) == ("ci", "")
    assert (proved.user, proved.groups, proved.identified_by) == ("ci", ("dev",), "token")
    assert proved.names == ("DNS:a",)


@pytest.mark.parametrize(("label", "is_one_off"), [("True", True), ("False", False), (None, False), (["True"], False)])
def test_compose_labels_what_its_run_makes(label: JSON, is_one_off: bool) -> None:
    labels: dict[str, JSON] = {"com.docker.compose.service": "web", "com.docker.compose.oneoff": label}

    composed = find_composed({"body": {"Labels": labels}})

    assert (composed.service, composed.is_one_off) == ("web", is_one_off)


def test_a_stack_labels_the_services_that_it_makes() -> None:
    body: dict[str, JSON] = {"Name": "shop_web", "Labels": {"com.docker.stack.namespace": "shop"}}

    made = find_composed({"operation": "ServiceCreate", "body": body})

    assert (made.service, made.is_stack) == ("web", True)
    assert not find_composed({"operation": "NetworkCreate", "body": body}).is_stack


@pytest.mark.parametrize(
    ("more", "is_stack"), [({}, True), ({"registryAuthFrom": ["spec"]}, False), ({"rollback": ["none"]}, False)]
)
def test_a_stack_that_is_deployed_again_updates_its_services(more: dict[str, JSON], is_stack: bool) -> None:
    body: dict[str, JSON] = {"Name": "shop_web", "Labels": {"com.docker.stack.namespace": "shop"}}
    query: dict[str, JSON] = {"version": ["7"], **more}

    made = find_composed({"operation": "ServiceUpdate", "body": body, "query": query})

    assert (made.service, made.is_stack) == (("web", True) if is_stack else ("", False))


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/images/create?fromImage=user:password@registry.example.com/app&tag=1"),
        ("POST", "/images/create?fromImage=user&tag=password@registry.example.com"),
        ("POST", "/images/user:password@registry.example.com/app/push"),
        ("GET", "/distribution/user:password@registry.example.com/app/json"),
        ("GET", "/images/search?term=user:password@registry.example.com/app"),
        ("GET", "/plugins/privileges?remote=user:password@registry.example.com/app"),
    ],
)
def test_no_login_of_a_malformed_name_is_in_line_denial_or_recording(method: str, target: str, tmp_path: Path) -> None:
    judge = make_judge(FixedHost(), profile="restricted")
    site = write_files(tmp_path, {"site.json": {"registries": ["registry.example.com"]}})
    judge = replace(judge, policy=load_policy([SCHEMAS, site], judge.routes.operations))
    data = envelope(method, f"/v1.45{target}")

    decision = judge.decide(data, "d-1", 1_800_000_000.0)

    said = json.dumps(decision.line(0)) + denial.write_denial(decision) + json.dumps(mask_request(read_envelope(data)))
    assert "registry.example.com" in said
    assert "password" not in said


def test_facts_give_image_and_daemon_defaults() -> None:
    document = {"facts": {"image": {"reference": "busybox"}, "daemonDefaults": ["log.driver"]}}

    subject = describe_subject(ASKED, None, None, None, document)  # type: ignore[arg-type]

    assert (subject.image, subject.daemon_defaults) == ("busybox", ("log.driver",))


TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    "value", [f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-00", f"cc-{TRACE}-{SPAN}-01", f"cc-{TRACE}-{SPAN}-01-what"]
)
def test_the_ids_of_trace_and_span(value: str) -> None:
    assert read_traceparent({"traceparent": value}) == (TRACE, SPAN)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        *(
            {"traceparent": value}
            for value in [
                *("", "00", f"ff-{TRACE}-{SPAN}-01", f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01"),
                *(f"00-{TRACE.upper()}-{SPAN}-01", f"00-{TRACE}-{SPAN}-01-more", f"cc-{TRACE}-{SPAN}-01.more"),
                *(f"cc-{TRACE}-{SPAN}-01-line\nbreak", f"00-{TRACE}-{SPAN}-01\n", f" 00-{TRACE}-{SPAN}-01"),
                *(f"00-{TRACE}-{SPAN}-01, 00-{TRACE}-{SPAN}-01", f"00-{'٣' * 32}-{SPAN}-01"),
                *("00-" + "a" * 1_000_000, '00-<script>alert("x")</script>', "\ud800"),
            ]
        ),
    ],
)
def test_anything_else_is_none(headers: dict[str, str]) -> None:
    assert read_traceparent(headers) == ("", "")


@pytest.mark.parametrize(
    ("target", "body", "made"),
    [
        (
            "/containers/create?name=shop-web-1",
            {"Image": "x", "Labels": {"com.docker.compose.service": "web"}},
            "service web",
        ),
        ("/containers/create?name=/web", {"Image": "x"}, "web"),
        ("/containers/create", {"Image": "x"}, ""),
        ("/containers/create?name=a%20b", {"Image": "x"}, ""),
        ("/networks/create", {"Name": "app"}, "app"),
        ("/services/create", {"Name": "api", "TaskTemplate": {"ContainerSpec": {"Image": "x"}}}, "api"),
        ("/containers/web/rename?name=other", None, ""),
    ],
)
def test_what_would_be_made_has_the_name_that_who_asks_knows(target: str, body: JSON, made: str) -> None:
    judge = make_judge(FixedHost())
    data = envelope("POST", f"/v1.45{target}", body)

    assert judge.decide(data, "d-1", 1_800_000_000.0).subject.made == made
