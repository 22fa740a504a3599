"""The application: logged before answered, denied when anything fails, the last good policy kept."""

import base64
import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from portero import engine
from portero.host.sockets import DaemonSockets
from portero.service import loading, resources
from portero.service.application import Application, Broken, build
from portero.service.decision_log import DecisionLog
from portero.service.loading import dockerds, host_root
from portero.service.settings import Settings

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
        "engine": "reference",
        "host_root": "none",
    }
    return build(Settings.read({}, chosen | options))


def ask(asked: Application, envelope: Mapping[str, object]) -> dict[str, Any]:
    return asked.answer(json.dumps(envelope).encode())


def logged(tmp_path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (tmp_path / "decisions.jsonl").read_text().splitlines()]


def test_a_harmless_container_is_allowed_and_logged(tmp_path: Path) -> None:
    answer = ask(built(tmp_path), create())

    assert answer == {"Allow": True, "Msg": ""}
    (line,) = logged(tmp_path)
    assert (line["operation"], line["allowed"]) == ("ContainerCreate", True)


def test_a_privileged_container_is_denied_by_its_rule_under_the_id_of_the_log_line(tmp_path: Path) -> None:
    answer = ask(built(tmp_path), create(Privileged=True))

    (line,) = logged(tmp_path)
    assert answer["Allow"] is False
    assert f"ContainerCreate [{line['id']}]" in answer["Msg"]
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
    read = {} if "method" in known else {"method": "POST", "user": "alice"}
    assert (read | known).items() <= line.items()
    assert line["image"] is None


def test_in_mode_audit_everything_is_allowed_and_the_violations_are_logged(tmp_path: Path) -> None:
    answer = ask(built(tmp_path, mode="audit"), create(Privileged=True))

    assert answer == {"Allow": True, "Msg": ""}
    assert "no-privileged" in [violation["rule"] for violation in logged(tmp_path)[0]["violations"]]


@pytest.mark.parametrize(
    ("options", "envelope", "allowed"),
    [
        ({}, create(), False),
        ({}, HARMLESS_READ, True),
        ({"log_failure": "allow"}, create(), True),
        ({"mode": "audit"}, create(), True),
    ],
    ids=["a change is refused", "a read goes on", "the site lets it go on", "audit enforces nothing"],
)
def test_when_the_decision_log_cannot_be_written(
    tmp_path: Path,
    options: dict[str, str],
    envelope: dict[str, object],
    allowed: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer = ask(built(tmp_path, log="/dev/full", **options), envelope)

    assert answer["Allow"] is allowed
    assert ("log-failure" in answer["Msg"]) is not allowed
    assert "the decision log cannot be written: No space left on device" in capsys.readouterr().err


def test_a_change_that_is_denied_anyway_keeps_its_reasons_when_the_log_fails(tmp_path: Path) -> None:
    answer = ask(built(tmp_path, log="/dev/full"), create(Privileged=True))

    assert "no-privileged" in answer["Msg"]
    assert "log-failure" in answer["Msg"]


class FailingHost:
    """A host view with a fault in it."""

    def moment(self) -> Any:
        return self

    def look(self, path: str) -> Any:
        raise ZeroDivisionError

    def network(self, name: str) -> str | None:
        raise ZeroDivisionError


def test_a_fault_while_judging_is_a_denial_and_its_traceback_is_on_standard_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = built(tmp_path)
    judge = replace(good.judge, host=FailingHost())

    answer = ask(replace(good, judge=judge), create(Binds=["/srv:/srv"]))

    assert answer["Allow"] is False
    assert "internal-error" in answer["Msg"]
    errors = capsys.readouterr().err
    assert f"portero: {logged(tmp_path)[0]['id']}: internal-error" in errors
    assert "ZeroDivisionError" in errors


def test_a_fault_outside_the_judge_is_a_denial_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = replace(built(tmp_path), log=cast(DecisionLog, None))

    answer = ask(broken, HARMLESS_READ)

    assert answer["Allow"] is False
    assert answer["Msg"].startswith("internal-error: ")
    assert "AttributeError" in capsys.readouterr().err


def test_status_tells_what_is_in_force(tmp_path: Path) -> None:
    told = built(tmp_path)

    health, status = cast(dict[str, Any], told.health()), cast(dict[str, Any], told.status())

    assert (health["profile"], health["mode"], health["engine"]) == ("baseline", "enforce", "reference")
    assert health["policy"] == told.judge.policy.digest
    assert health["rules"] == len(told.judge.policy.rules) == sum(status["rulesByLevel"].values())
    assert health["reloadFaults"] == health["attention"] == []
    assert status["decisions"] == {"allowed": 0, "refused": 0}
    assert health.items() <= status.items()


def reloaded(application: Application) -> Application:
    after = application.reloaded()
    assert after is not None
    return after


def test_a_reload_takes_over_a_changed_policy(tmp_path: Path) -> None:
    site = tmp_path / "policy" / "site.json"
    site.parent.mkdir()
    site.write_text('{"actions": {"no-privileged": "off"}}')
    before = built(tmp_path, schemas=str(site.parent))
    site.write_text('{"actions": {"no-privileged": "deny"}}')

    after = reloaded(before)

    assert ask(before, create(Privileged=True))["Allow"] is True
    assert "no-privileged" in ask(after, create(Privileged=True))["Msg"]
    assert after.health()["policy"] != before.health()["policy"]
    assert after.log is before.log


def test_a_broken_policy_at_a_reload_leaves_the_old_one_in_force(tmp_path: Path) -> None:
    folder = tmp_path / "policy"
    folder.mkdir()
    (folder / "site.json").write_text("{}")
    before = built(tmp_path, schemas=str(folder))
    (folder / "site.json").write_text('{"acshuns": {}}')

    after = reloaded(before)

    assert after.judge is before.judge
    (fault,) = cast(list[str], after.health()["reloadFaults"])
    assert str(folder / "site.json") in fault
    assert "acshuns" in fault


def test_a_fault_of_its_own_at_a_reload_leaves_the_old_policy_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = built(tmp_path)
    monkeypatch.setattr(loading, "load", None)

    after = reloaded(before)

    assert after.judge is before.judge
    assert after.faults == ("an error of portero's own (TypeError), see its log",)
    assert "Traceback" in capsys.readouterr().err


def test_a_broken_policy_at_the_start_is_refused_with_every_fault(tmp_path: Path) -> None:
    (tmp_path / "site.json").write_text('{"acshuns": {}, "runtimes": 7}')

    with pytest.raises(Broken) as refused:
        built(tmp_path, schemas=str(tmp_path))

    assert len(refused.value.faults) == 2
    assert all(str(tmp_path / "site.json") in fault for fault in refused.value.faults)


def test_a_policy_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Broken, match="no-such-folder"):
        built(tmp_path, schemas=str(tmp_path / "no-such-folder"))


def test_a_log_that_cannot_be_opened_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(Broken) as refused:
        built(tmp_path, log=str(tmp_path))

    assert refused.value.faults == (f"PORTERO_LOG: {tmp_path}: Is a directory; name a file that can be written",)


def test_a_locale_that_spells_names_of_files_otherwise_than_dockerd_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "iso8859-1")

    with pytest.raises(Broken) as broken:
        built(tmp_path)

    (fault,) = broken.value.faults
    assert fault.startswith("the locale spells names of files in iso8859-1")
    assert "PYTHONUTF8=1" in fault


def test_an_engine_that_cannot_be_loaded_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr(engine, "named", missing)

    with pytest.raises(
        Broken, match="cannot load the rule engine rust: rust; reinstall portero, or set PORTERO_ENGINE=reference"
    ):
        built(tmp_path, engine="rust")


@pytest.mark.parametrize("file", ["operations.json", "api/ContainerCreate.json"])
def test_a_broken_table_of_the_api_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    place = tmp_path / "schemas" / file
    (tmp_path / "schemas" / "api").mkdir(parents=True)
    (tmp_path / "schemas" / "operations.json").write_bytes((resources.schemas() / "operations.json").read_bytes())
    place.write_text("{")
    monkeypatch.setattr(resources, "schemas", lambda: tmp_path / "schemas")

    with pytest.raises(Broken) as refused:
        built(tmp_path)

    (fault,) = refused.value.faults
    assert str(tmp_path / "schemas" / file.split("/")[0]).removesuffix(".json") in fault


def test_an_operation_without_a_shape_of_its_body_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    schemas = tmp_path / "schemas"
    shutil.copytree(resources.schemas(), schemas)
    (schemas / "api" / "ContainerCreate.json").rename(schemas / "api" / "ContainerMake.json")
    monkeypatch.setattr(resources, "schemas", lambda: schemas)

    with pytest.raises(Broken) as refused:
        built(tmp_path)

    missing, unknown = refused.value.faults
    assert missing.startswith(f"{schemas}: api/ContainerCreate.json is missing: ")
    assert unknown.startswith(f"{schemas}: api/ContainerMake.json: operations.json has no operation ContainerMake ")


@pytest.mark.parametrize(
    ("at", "process", "root"),
    [("auto", 1, "none"), ("auto", 4711, "/"), ("none", 4711, "none"), ("/host", 1, "/host")],
)
def test_where_the_hosts_files_are(at: str, process: int, root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getpid", lambda: process)

    assert host_root(Settings.read({}, {"host_root": at})) == root


def found_dockerds(proc: Path, *places: str) -> DaemonSockets:
    """A /proc in which one dockerd listens at these places."""
    process = proc / "42"
    (process / "fd").mkdir(parents=True)
    (process / "net").mkdir()
    (process / "comm").write_text("dockerd\n")
    (process / "fd" / "3").symlink_to("socket:[7]")
    (process / "cwd").symlink_to("/")
    rows = [f"0000: 00000002 00000000 00010000 0001 01 7 {place}" for place in places]
    (process / "net" / "unix").write_text("\n".join(["Num RefCount Protocol Flags Type St Inode Path", *rows]))
    return DaemonSockets(proc)


def test_networks_are_asked_of_the_named_dockerd_alone(tmp_path: Path) -> None:
    settings = Settings.read({}, {"docker_host": "unix:///srv/docker.sock"})

    assert dockerds(settings, found_dockerds(tmp_path, "/etc/passwd")) == ["/srv/docker.sock"]


def test_without_a_named_dockerd_only_sockets_of_root_are_believed(tmp_path: Path) -> None:
    somebodys = tmp_path / "docker.sock"
    somebodys.touch()
    if os.geteuid() == 0:
        os.chown(somebodys, 1000, 1000)
    daemons = found_dockerds(tmp_path, "/etc/passwd", str(somebodys), str(tmp_path / "gone.sock"))

    assert dockerds(Settings.read({}, {"docker_host": ""}), daemons) == ["/etc/passwd"]


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
    assert {
        "rule": "no-privileged",
        "level": "baseline",
        "at": "HostConfig.Privileged",
        "action": "waived",
        "exception": "installer",
    } in line["violations"]


@pytest.mark.parametrize(
    "exception", [{"expires": "2000-01-01"}, {"user": "alice"}], ids=["it has run out", "it is somebody else's"]
)
def test_an_exception_that_does_not_cover_the_request_changes_nothing(
    tmp_path: Path, exception: dict[str, str]
) -> None:
    answer = ask(built(tmp_path, schemas=site_with_exception(tmp_path, **exception)), create(Privileged=True))

    assert "no-privileged" in answer["Msg"]


def test_a_second_broken_rule_is_refused_without_the_waived_one(tmp_path: Path) -> None:
    asked = built(tmp_path, schemas=site_with_exception(tmp_path))

    answer = ask(asked, create(Privileged=True, PidMode="host"))

    assert "no-host-pid" in answer["Msg"]
    assert "no-privileged" not in answer["Msg"]


def test_a_refusal_code_is_refused_whatever_an_exception_covers(tmp_path: Path) -> None:
    asked = built(tmp_path, schemas=site_with_exception(tmp_path))
    twice = create(Privileged=True) | {
        "RequestBody": base64.b64encode(b'{"Image": "busybox", "image": "busybox"}').decode()
    }

    assert "body-duplicate-name" in ask(asked, twice)["Msg"]


def test_in_mode_audit_what_is_waived_is_still_logged_as_waived(tmp_path: Path) -> None:
    ask(built(tmp_path, mode="audit", schemas=site_with_exception(tmp_path)), create(Privileged=True, PidMode="host"))

    actions = {violation["rule"]: violation["action"] for violation in logged(tmp_path)[0]["violations"]}
    assert (actions["no-privileged"], actions["no-host-pid"]) == ("waived", "audit")


def test_status_tells_which_files_the_next_release_refuses(tmp_path: Path) -> None:
    folder = Path(site_with_exception(tmp_path))
    file = folder / "exceptions" / "installer.json"
    file.write_text(json.dumps({k: v for k, v in json.loads(file.read_text()).items() if k != "dialect"}))

    warning = f'{file}: is of dialect 1, which the next release refuses: add "dialect": 2'
    assert built(tmp_path, schemas=str(folder)).status()["warnings"] == [warning]


def test_status_tells_each_exception_with_its_state_and_how_often_it_was_used(tmp_path: Path) -> None:
    asked = built(tmp_path, schemas=site_with_exception(tmp_path))
    before = cast(dict[str, Any], asked.status())["exceptions"]

    ask(asked, create(Privileged=True))
    ask(asked, create())

    told = {
        "id": "installer",
        "rules": ["no-privileged"],
        "owner": "operations",
        "expires": "2999-12-31",
        "state": "active",
    }
    assert before == [{**told, "usedSinceStart": 0}]
    assert asked.status()["exceptions"] == [{**told, "usedSinceStart": 1}]
    assert asked.status()["decisions"] == {"allowed": 2, "refused": 0}


def test_mode_audit_and_an_exception_that_has_run_out_ask_for_attention(tmp_path: Path) -> None:
    asked = built(tmp_path, mode="audit", schemas=site_with_exception(tmp_path, expires="2000-01-01"))

    nothing, ran_out = cast(list[str], asked.health()["attention"])

    assert nothing == "NOTHING IS ENFORCED: mode audit allows every request and only logs"
    assert "installer.json: ran out on 2000-01-01 and waives nothing" in ran_out


@pytest.mark.parametrize(("process", "visible"), [(1, "none"), (4711, "/")])
def test_a_worker_sees_the_hosts_files_where_its_master_did(
    tmp_path: Path, process: int, visible: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getpid", lambda: process)
    asked = built(tmp_path, host_root="auto")
    monkeypatch.setattr(os, "getpid", lambda: 4712)

    assert asked.status()["hostFiles"] == visible


def test_an_exception_that_would_waive_self_protection_keeps_portero_from_starting(tmp_path: Path) -> None:
    with pytest.raises(Broken, match="'no-daemon-sockets' protects Portero itself, which nothing waives"):
        built(tmp_path, schemas=site_with_exception(tmp_path, rules=["no-daemon-sockets"]))


def host_of_daemon(root: Path, configuration: Mapping[str, object], place: str = "etc/docker/daemon.json") -> str:
    (root / place).parent.mkdir(parents=True)
    (root / place).write_text(json.dumps(configuration))
    return str(root)


def test_a_default_of_the_daemon_breaks_a_rule_as_if_the_request_had_said_it(tmp_path: Path) -> None:
    asked = built(tmp_path, host_root=host_of_daemon(tmp_path / "host", {"log-driver": "none"}))

    answer = ask(asked, create())

    assert "no-log-none  HostConfig.LogConfig (the daemon's default): " in answer["Msg"]
    (line,) = logged(tmp_path)
    assert line["daemonDefaults"] == ["log.driver"]
    assert line["violations"][0]["daemonDefault"] is True


def test_what_the_request_says_takes_the_place_of_the_daemons_default(tmp_path: Path) -> None:
    asked = built(tmp_path, host_root=host_of_daemon(tmp_path / "host", {"log-driver": "none"}))

    answer = ask(asked, create(LogConfig={"Type": "journald"}))

    assert answer["Allow"] is True
    assert logged(tmp_path)[0]["daemonDefaults"] == []


def test_a_changed_daemon_json_counts_without_a_reload(tmp_path: Path) -> None:
    asked = built(tmp_path, host_root=host_of_daemon(tmp_path / "host", {"log-driver": "none"}))
    before = ask(asked, create())["Allow"]

    (tmp_path / "host/etc/docker/daemon.json").write_text('{"log-driver": "journald"}')

    assert (before, ask(asked, create())["Allow"]) == (False, True)


def test_daemon_json_may_lie_elsewhere(tmp_path: Path) -> None:
    root = host_of_daemon(tmp_path / "host", {"log-driver": "none"}, "srv/daemon.json")

    asked = built(tmp_path, host_root=root, daemon_config="/srv/daemon.json")

    assert "no-log-none" in ask(asked, create())["Msg"]


def test_where_the_hosts_files_are_not_visible_nothing_is_known_of_the_daemon(tmp_path: Path) -> None:
    assert ask(built(tmp_path), create()) == {"Allow": True, "Msg": ""}
    assert logged(tmp_path)[0]["daemonDefaults"] == []
