"""The application: logged before answered, denied when anything fails, the last good policy kept."""

import base64
import json
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import jsonschema_rs
import pytest
from jsonschema import Draft202012Validator

from portero.decide.interfaces.daemon import Peer
from portero.decide.judging.judge import Judge
from portero.decide.values.errors import LoadError
from portero.observe.lookups.followed_daemons import FollowedDaemons
from portero.serve.application.application import Application, build
from portero.serve.decision_log.decision_log import DecisionLog
from portero.serve.settings.settings import Settings
from portero.tools.recording.recorder import open_recorder
from tests.decide.identity.test_keys import pem
from tests.decide.identity.token_makers import ED, ISSUER, token
from tests.paths import SCHEMAS

HARMLESS_READ = {"RequestMethod": "GET", "RequestUri": "/v1.45/containers/json"}


def create(**host_config: object) -> dict[str, object]:
    body = json.dumps({"Image": "busybox", "HostConfig": host_config}).encode()
    return {
        "RequestMethod": "POST",
        "RequestUri": "/v1.45/containers/create",
        "RequestHeaders": {"Content-Type": "application/json", "Content-Length": str(len(body))},
        "RequestBody": base64.b64encode(body).decode(),
    }


def built(tmp_path: Path, **options: str) -> Application:
    chosen = {
        "log": str(tmp_path / "decisions.jsonl"),
        "profile": "baseline",
        "host_root": "none",
        "state": str(tmp_path / "state" / "signed-versions.json"),
    }
    return build(Settings.read({}, chosen | options))


def ask(asked: Application, envelope: Mapping[str, object]) -> dict[str, Any]:
    return asked.answer(json.dumps(envelope).encode())


def logged(tmp_path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (tmp_path / "decisions.jsonl").read_text().splitlines()]


def test_no_request_waits_for_rules_to_be_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    application = built(tmp_path, profile="hardened")
    monkeypatch.setattr(jsonschema_rs, "Draft202012Validator", lambda *_, **__: pytest.fail("a rule is compiled"))

    assert ask(application, create())["Allow"] is False
    assert "internal-error" not in (tmp_path / "decisions.jsonl").read_text()


@pytest.mark.parametrize(
    ("mode", "envelope", "rules"),
    [("enforce", create(), []), ("audit", create(Privileged=True), ["no-privileged"])],
    ids=["a harmless one", "in mode audit any"],
)
def test_what_is_allowed_is_logged_with_what_it_violates(
    tmp_path: Path, mode: str, envelope: dict[str, object], rules: list[str]
) -> None:
    answer = ask(built(tmp_path, mode=mode), envelope)

    assert answer == {"Allow": True, "Msg": ""}
    (line,) = logged(tmp_path)
    assert (line["operation"], line["allowed"]) == ("ContainerCreate", True)
    assert {*rules} <= {violation["rule"] for violation in line["violations"]}


def test_a_privileged_container_is_denied_by_its_rule_under_the_id_of_the_log_line(tmp_path: Path) -> None:
    answer = ask(built(tmp_path), create(Privileged=True))

    (line,) = logged(tmp_path)
    assert answer["Allow"] is False
    assert f"ContainerCreate refused [{line['id']}]" in answer["Msg"]
    assert "no-privileged" in answer["Msg"]
    assert "HostConfig.Privileged" in answer["Msg"]


def test_an_empty_question_is_denied(tmp_path: Path) -> None:
    answer: dict[str, Any] = {**built(tmp_path).answer(b"")}

    assert answer["Allow"] is False
    assert "envelope-empty" in answer["Msg"]
    assert logged(tmp_path)[0]["violations"][0]["rule"] == "envelope-empty"


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        ({"RequestUri": "/a#b"}, {"path": "", "apiVersion": None, "operation": ""}),
        ({"RequestUri": "/v1.45/nowhere"}, {"path": "/nowhere", "apiVersion": "1.45", "operation": ""}),
        ({"RequestUri": "/containers/create", "RequestBody": "e30"}, {"path": "", "apiVersion": None, "method": ""}),
        ({"RequestBody": "e3=="}, {"path": "/containers/create", "operation": "ContainerCreate"}),
    ],
    ids=["the target", "the operation", "the envelope", "the body"],
)
def test_what_could_be_read_before_a_refusal_is_logged(
    tmp_path: Path, asked: dict[str, object], known: dict[str, object]
) -> None:
    answer = ask(built(tmp_path), create() | {"User": "alice"} | asked)

    assert answer["Allow"] is False
    (line,) = logged(tmp_path)
    proved = "RequestUri" not in asked
    read = {} if "method" in known else {"method": "POST", "user" if proved else "claimed": "alice"}
    assert (read | known).items() <= line.items()
    assert line["image"] is None


@pytest.mark.parametrize(
    ("options", "envelope", "allowed"),
    [
        ({}, create(), False),
        ({}, {"RequestMethod": "POST", "RequestUri": "/v1.45/containers/web/start"}, False),
        ({}, HARMLESS_READ, True),
        ({"log_failure": "allow"}, create(), True),
        ({"mode": "audit"}, create(), True),
    ],
    ids=["a change is refused", "a start, too", "a read goes on", "the site lets it go on", "audit enforces nothing"],
)
def test_when_the_decision_log_cannot_be_written(
    tmp_path: Path,
    options: dict[str, str],
    envelope: dict[str, object],
    allowed: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = ask(built(tmp_path, log="/dev/full", **options), envelope)

    assert answer["Allow"] is allowed
    assert ("log-failure" in answer["Msg"]) is not allowed
    assert "cannot write the decision log: No space left on device" in caplog.text


def test_a_change_that_is_denied_anyway_keeps_its_reasons_and_its_proposal_when_the_log_fails(tmp_path: Path) -> None:
    told = " ".join(ask(built(tmp_path, log="/dev/full"), create(Privileged=True))["Msg"].split())

    assert "no-privileged" in told
    # What no user can change.
    assert "without --privileged) then still denied by: log-failure" in told
    assert "Free disk space or fix PORTERO_LOG as root" in told


def test_a_request_is_decided_when_results_are_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(FollowedDaemons, "wait_for_results", lambda self: seen.append("waited"))
    monkeypatch.setattr(Judge, "decide", lambda *_, **__: seen.append("decided"))
    ask(built(tmp_path), HARMLESS_READ)

    assert seen == ["waited", "decided"]


@pytest.mark.parametrize("lookups", ["auto", "off"])
def test_a_result_is_answered_whether_it_is_noted_or_not(tmp_path: Path, lookups: str) -> None:
    sent: list[str] = []
    built(tmp_path, lookups=lookups).note_result(json.dumps(create()).encode(), Peer(0, 0), lambda: sent.append("sent"))

    assert sent == ["sent"]


@pytest.mark.parametrize("mode", ["enforce", "audit"])
def test_a_change_that_cannot_be_followed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr(FollowedDaemons, "has_room_for", lambda self, user, peer: False)
    application = built(tmp_path, mode=mode)
    answer = ask(application, create())

    assert answer["Allow"] is (mode == "audit")
    assert ("has not answered 1,024 requests" in answer["Msg"]) is (mode == "enforce")
    assert ask(application, {"RequestMethod": "GET", "RequestUri": "/containers/json"})["Allow"] is True


class FailingHost:
    """A host view with a fault in it."""

    def moment(self, peer: object = None, account: str = "") -> Any:
        return self

    def find_account(self, user: str) -> str:
        raise ZeroDivisionError

    def network(self, name: str) -> str | None:
        raise ZeroDivisionError


def test_a_fault_while_judging_is_a_denial_and_its_traceback_is_on_standard_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = built(tmp_path)
    good.in_force = replace(good.in_force, judge=replace(good.in_force.judge, host=FailingHost()))

    answer = ask(good, create(Binds=["/srv:/srv"]))

    assert answer["Allow"] is False
    assert "internal-error" in answer["Msg"]
    errors = caplog.text
    assert f"{logged(tmp_path)[0]['id']}: internal error" in errors
    assert "ZeroDivisionError" in errors


def test_a_fault_outside_the_judge_is_a_denial_too(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    broken = replace(built(tmp_path), log=cast(DecisionLog, None))

    answer = ask(broken, HARMLESS_READ)

    assert answer["Allow"] is False
    assert answer["Msg"].startswith("internal-error: ")
    assert "AttributeError" in caplog.text


def test_a_log_that_cannot_be_opened_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(LoadError) as refused:
        built(tmp_path, log=str(tmp_path))

    assert refused.value.faults == (f"PORTERO_LOG: {tmp_path}: Is a directory; name a file that can be written",)


def site_with_exception(folder: Path, *, expires: str = "2999-12-31", user: str = "", **changes: Any) -> str:
    content = {
        "$schema": "../exception.json",
        "dialect": 2,
        "rules": ["no-privileged"],
        "match": {"properties": {"identity": {"properties": {"user": {"const": user}}}}},
        "reason": "The old installer needs it.",
        "owner": "operations",
        "expires": expires,
    }
    (folder / "site" / "exceptions").mkdir(parents=True)
    (folder / "site" / "exceptions" / "installer.json").write_text(json.dumps(content | changes))
    return str(folder / "site")


def test_what_an_exception_covers_goes_on_and_the_log_names_the_exception(tmp_path: Path) -> None:
    answer = ask(built(tmp_path, schemas=site_with_exception(tmp_path)), create(Privileged=True))

    assert answer == {"Allow": True, "Msg": ""}
    (line,) = logged(tmp_path)
    waived = {"rule": "no-privileged", "level": "baseline", "at": "HostConfig.Privileged"}
    assert {**waived, "action": "waived", "exception": "installer"} in line["violations"]


@pytest.mark.parametrize(
    "exception", [{"expires": "2000-01-01"}, {"user": "alice"}], ids=["it has run out", "it is somebody else's"]
)
def test_an_exception_that_does_not_cover_the_request_changes_nothing(
    tmp_path: Path, exception: dict[str, str]
) -> None:
    answer = ask(built(tmp_path, schemas=site_with_exception(tmp_path, **exception)), create(Privileged=True))

    assert "no-privileged" in answer["Msg"]


@pytest.mark.parametrize("mode", ["enforce", "audit"])
def test_a_second_violated_rule_counts_without_the_waived_one(tmp_path: Path, mode: str) -> None:
    asked = built(tmp_path, mode=mode, schemas=site_with_exception(tmp_path))

    answer = ask(asked, create(Privileged=True, PidMode="host"))

    assert ("no-host-pid" in answer["Msg"]) is (mode == "enforce")
    assert "no-privileged" not in answer["Msg"]
    actions = {violation["rule"]: violation["action"] for violation in logged(tmp_path)[0]["violations"]}
    assert actions["no-privileged"] == "waived"
    assert actions["no-host-pid"] == ("deny" if mode == "enforce" else "audit")


def test_a_refusal_code_is_refused_whatever_an_exception_covers(tmp_path: Path) -> None:
    asked = built(tmp_path, schemas=site_with_exception(tmp_path))
    twice = create(Privileged=True) | {
        "RequestBody": base64.b64encode(b'{"Image": "busybox", "image": "busybox"}').decode()
    }

    assert "body-duplicate-name" in ask(asked, twice)["Msg"]


def host_of_daemon(root: Path, configuration: Mapping[str, object], place: str = "etc/docker/daemon.json") -> str:
    (root / place).parent.mkdir(parents=True)
    (root / place).write_text(json.dumps(configuration))
    return str(root)


def test_a_default_of_the_daemon_breaks_a_rule_as_if_the_request_had_set_it(tmp_path: Path) -> None:
    file = tmp_path / "host/etc/docker/daemon.json"
    asked = built(tmp_path, host_root=host_of_daemon(tmp_path / "host", {"default-cgroupns-mode": "host"}))

    refused, said = ask(asked, create()), ask(asked, create(CgroupnsMode="private"))
    file.write_text('{"default-cgroupns-mode": "private"}')
    changed = ask(asked, create())

    assert [answer["Allow"] for answer in (refused, said, changed)] == [False, True, True]
    assert "(the daemon's default)" in " ".join(refused["Msg"].split())
    lines = logged(tmp_path)
    assert lines[0]["violations"][0]["daemonDefault"] is True
    assert [line["daemonDefaults"] for line in lines] == [["namespaces.cgroup"], [], ["namespaces.cgroup"]]


def test_daemon_json_may_lie_elsewhere_or_not_be_visible(tmp_path: Path) -> None:
    root = host_of_daemon(tmp_path / "host", {"default-cgroupns-mode": "host"}, "srv/daemon.json")

    elsewhere = ask(built(tmp_path, host_root=root, daemon_config="/srv/daemon.json"), create())
    unseen = ask(built(tmp_path), create())

    assert "no-host-cgroup-namespace" in elsewhere["Msg"]
    assert unseen == {"Allow": True, "Msg": ""}
    assert logged(tmp_path)[-1]["daemonDefaults"] == []


def site_with_tokens(tmp_path: Path, **values: object) -> str:
    """A site folder whose issuer signs with the key of the tests."""
    site = tmp_path / "token-site"
    (site / "keys").mkdir(parents=True)
    (site / "keys/own.pem").write_bytes(pem(ED))
    issuer = {"issuer": ISSUER, "keys": "own.pem", "lifetime": 3600}
    (site / "site.json").write_text(json.dumps({"token-issuers": [issuer], **values}))
    return str(site)


def with_token(value: str, **host_config: object) -> dict[str, object]:
    asked = create(**host_config)
    return asked | {"RequestHeaders": {**cast(dict[str, str], asked["RequestHeaders"]), "x-PORTERO-token": value}}


def now(seconds: int) -> dict[str, int]:
    return {"iat": int(time.time()), "exp": int(time.time()) + seconds}


def test_break_glass_is_loud(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    site = site_with_tokens(tmp_path, **{"break-glass": ["emergency"]})
    asked = built(tmp_path, schemas=site, host_groups="web")
    assert asked.health()["attention"] == []

    answer = ask(asked, with_token(token(groups="emergency", **now(600)), Privileged=True))

    assert answer["Allow"] is True
    (line,) = logged(tmp_path)
    assert (line["breakGlass"], line["user"], line["mode"]) == (True, "alicia", "audit")
    assert "break-glass: no rule denies this request of alicia" in caplog.text
    assert [notice[:11] for notice in cast(list[str], asked.health()["attention"])] == ["break-glass"]


def test_what_is_refused_all_the_same_did_not_break_glass(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = built(tmp_path, schemas=site_with_tokens(tmp_path, **{"break-glass": ["emergency"]}), host_groups="web")
    envelope = with_token(token(groups="emergency", **now(600)), Binds=["/:/x"])

    answers = [ask(asked, envelope)]
    monkeypatch.setattr(asked.log, "write", lambda line: (_ for _ in ()).throw(OSError(28, "No space left")))
    answers.append(ask(asked, with_token(token(groups="emergency", **now(600)), Privileged=True)))

    assert [answer["Allow"] for answer in answers] == [False, False]
    (line,) = logged(tmp_path)
    assert (line.get("breakGlass"), line["user"], line["mode"]) == (None, "alicia", "enforce")
    assert "break-glass" not in caplog.text
    assert "portero_break_glass_total 0" in asked.metrics_text().decode()
    assert asked.metrics.count("break_glass") == 0


def test_no_part_of_a_token_is_in_any_log_recording_reply_status_or_metrics(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recording = tmp_path / "recording.jsonl"
    asked = built(tmp_path, schemas=site_with_tokens(tmp_path), host_groups="web")
    asked.record = open_recorder(recording, 1 << 20).record
    good, old, long = token(**now(600)), token(**now(-1)), token(pad="x" * 9000, **now(600))
    values = [good, old, long, good + "x", good + ", " + old, "Bearer " + good, good.replace(".", ":")]

    answers = [ask(asked, with_token(value, Privileged=value is good)) for value in values]
    said = json.dumps([*answers, asked.status()]) + caplog.text + asked.metrics_text().decode()
    said += (tmp_path / "decisions.jsonl").read_text() + recording.read_text()

    parts = {part for value in values for part in re.split("[.:, ]", value) if len(part) > 8}
    assert [part for part in parts if part in said] == []
    assert [line["user"] for line in logged(tmp_path)] == ["alicia", *[""] * 6]


def test_a_fault_of_our_own_leaves_no_token_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = built(tmp_path, schemas=site_with_tokens(tmp_path), host_groups="web")
    monkeypatch.setattr("portero.decide.identity.tokens.is_name", lambda text: 1 / 0)
    value = token(**now(600))

    assert "internal-error" in ask(asked, with_token(value))["Msg"]
    assert "ZeroDivisionError" in caplog.text
    assert not any(part in caplog.text for part in value.split("."))


def test_without_lines_for_reads_they_are_counted_and_everything_else_is_logged(tmp_path: Path) -> None:
    asked = built(tmp_path, log_reads="none")
    for _ in range(25):
        assert ask(asked, HARMLESS_READ)["Allow"]
    ask(asked, create())
    inspect = {"RequestMethod": "GET", "RequestUri": f"/v1.45/containers/{'a' * 64}/json"}
    ask(asked, inspect)

    assert [line["operation"] for line in logged(tmp_path)] == ["ContainerCreate", "ContainerInspect"]
    status = asked.status()
    assert (status["logReads"], status["readsNotLogged"]) == ("none", 25)
    assert cast("dict[str, int]", status["decisions"])["allowed"] >= 26
    assert b'portero_reads_not_logged_total{operation="ContainerList"} 25.0' in asked.metrics_text()


def test_a_read_without_a_line_needs_no_log(tmp_path: Path) -> None:
    asked = built(tmp_path, log="/dev/full", log_reads="none")

    assert ask(asked, HARMLESS_READ)["Allow"]
    assert (asked.status()["logFailures"], asked.status()["readsNotLogged"]) == (0, 1)
    assert not ask(asked, create())["Allow"]


def test_the_line_names_the_clients_trace_and_a_value_of_another_form_is_none(tmp_path: Path) -> None:
    asked = built(tmp_path)
    for value in ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-" + "a" * 1000):
        assert ask(asked, HARMLESS_READ | {"RequestHeaders": {"Traceparent": value}})["Allow"]

    traced, untraced = logged(tmp_path)
    assert (traced["traceId"], traced["parentSpanId"]) == ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
    assert "traceId" not in untraced
    Draft202012Validator(json.loads((SCHEMAS / "decision.json").read_text())).validate(traced)
