"""The shipped configurations between real rsyslogs: TLS, receivers that die, rotation, the names of others."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from portero.serve.decision_log.journald import Journal
from tests.serve.decision_log.journald import journald, needs_journald
from tests.waiting import soon

from .conftest import Host
from .rsyslog import SHIPPED, Rsyslog, as_syslog, change, collected, needs_logrotate, needs_rsyslog, text

pytestmark = needs_rsyslog


def test_every_line_arrives_once_and_masked(host: Host) -> None:
    host.write(300)
    with Rsyslog(host.folder / "collector", host.collecting()), Rsyslog(host.folder / "sender", host.sending()):
        assert soon(host.has_all)
        host.write(300)
        assert soon(host.has_all)

    assert sorted(host.ids()) == sorted(f"d-{number}" for number in range(600))
    found = collected(host.folder / "hosts")
    assert {str(line["operation"]) for line in found} == {"ContainerCreate"}
    assert [line for line in found if {"user", "groups", "image"} & line.keys()] == []


def test_no_line_is_lost_when_the_receiver_is_killed_and_comes_back(host: Host) -> None:
    with (
        Rsyslog(host.folder / "collector", host.collecting()) as collector,
        Rsyslog(host.folder / "sender", host.sending()),
    ):
        host.survive_killed(collector)


def test_no_line_is_lost_when_rsyslog_on_the_host_ends_while_the_receiver_is_away(host: Host) -> None:
    host.write(300)
    with Rsyslog(host.folder / "sender", host.sending()) as sender:
        assert soon(lambda: "omrelp" in sender.errors())
        host.write_through_ends(sender)
        with Rsyslog(host.folder / "collector", host.collecting()):
            assert soon(host.has_all)


@needs_logrotate
def test_no_line_is_lost_while_the_log_is_rotated_and_rsyslog_is_stopped(host: Host) -> None:
    with (
        Rsyslog(host.folder / "collector", host.collecting()),
        Rsyslog(host.folder / "sender", host.sending()) as sender,
    ):
        host.survive_rotations(sender)

    assert len(host.ids()) == host.written


def test_a_line_as_long_as_any_is_whole(host: Host) -> None:
    rules = [{"rule": "x" * 100, "action": "audit", "at": "HostConfig.Binds[0]"} for _ in range(800)]
    host.log.write_bytes(text("d-0", violations=rules))
    with Rsyslog(host.folder / "collector", host.collecting()), Rsyslog(host.folder / "sender", host.sending()):
        assert soon(lambda: collected(host.folder / "hosts"))

    (line,) = collected(host.folder / "hosts")
    assert line["violations"] == rules


def test_a_receiver_of_another_name_and_a_host_without_a_certificate_get_nothing(host: Host) -> None:
    host.write(10)
    other = host.sending().replace('permittedPeer=["logs.example.com"]', 'permittedPeer=["other.example.com"]')
    stranger = re.sub(r' tls.caCert=.*\n.*tls.myPrivKey="[^"]*"', "", host.sending())
    with Rsyslog(host.folder / "collector", host.collecting()) as collector:
        with Rsyslog(host.folder / "other", other) as sender:
            assert soon(lambda: "other.example.com" in sender.errors() or "peer" in sender.errors())
        with Rsyslog(host.folder / "stranger", stranger):
            assert soon(lambda: "imrelp" in collector.errors())
    assert host.ids() == []


SYSLOG = """
module(load="imtcp" maxSessions="10")
global(defaultNetstreamDriverCAFile="{ca}" defaultNetstreamDriverCertFile="{own}/cert.pem"
  defaultNetstreamDriverKeyFile="{own}/key.pem" maxMessageSize="256k")
template(name="raw" type="string" string="%rawmsg%\\n")
ruleset(name="raw") {{ action(type="omfile" file="{got}" template="raw") }}
input(type="imtcp" address="127.0.0.1" port="{port}" ruleset="raw"
  streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="x509/name"
  permittedPeer=["web1.example.com"])
"""


def test_a_receiver_of_syslog_over_tls_gets_rfc_5424(host: Host) -> None:
    got, own = host.folder / "got", host.certificates / "logs.example.com"
    receiver = SYSLOG.format(ca=own / "ca.pem", own=own, got=got, port=host.port)
    host.log.write_bytes(text("d-0") + text("d-1", allowed=True))
    with Rsyslog(host.folder / "receiver", receiver), Rsyslog(host.folder / "sender", as_syslog(host.sending())):
        assert soon(lambda: got.exists() and got.read_bytes().count(b"\n") == 2)

    refused, allowed = got.read_text().splitlines()
    form = r"<%s>1 [0-9-]+T[0-9:.]+[+-][0-9:]+ \S+ portero - decision - (\{.*\})"
    for line, priority, id in ((refused, 84, "d-0"), (allowed, 86, "d-1")):
        match = re.fullmatch(form % priority, line)
        assert match is not None, line
        assert json.loads(match[1])["id"] == id


RAW = """
module(load="imrelp")
template(name="raw" type="string" string="%msg%\\n")
ruleset(name="raw") {{ action(type="omfile" file="{got}" template="raw") }}
input(type="imrelp" address="127.0.0.1" port="{port}" ruleset="raw" maxDataSize="256k" tls="on" tls.authMode="name"
  tls.permittedPeer=["web1.example.com"] tls.caCert="{own}/ca.pem" tls.myCert="{own}/cert.pem"
  tls.myPrivKey="{own}/key.pem")
"""
NAMES = (SHIPPED / "rsyslog-names.conf").read_text()


def named(host: Host, form: str, *lines: bytes) -> Iterator[dict[str, Any]]:
    """What a receiver gets of these lines by the names of others."""
    got, own = host.folder / "got", host.certificates / "logs.example.com"
    host.log.write_bytes(b"".join(lines))
    chosen = change(
        host.sending(),
        {"#call portero-ecs": f"call portero-{form}", 'template="portero-line"': 'template="portero-named"'},
    )
    with (
        Rsyslog(host.folder / "receiver", RAW.format(got=got, port=host.port, own=own)),
        Rsyslog(host.folder / "sender", f"{NAMES}\n{chosen}"),
    ):
        assert soon(lambda: got.exists() and got.read_bytes().count(b"\n") == len(lines))
    yield from map(json.loads, got.read_text().splitlines())


# What a group or an image is called is its owner's word.
HOSTILE = 'a","b":{"\\ \n\N{GRINNING FACE}'


def test_elastic_common_schema(host: Host) -> None:
    traced = text("d-1", allowed=True, image=None, groups=[HOSTILE], violations=[], traceId="ab" * 16)
    refused, allowed = named(host, "ecs", text(), traced)

    assert refused["@timestamp"] == "2026-11-24T15:00:00.123Z"
    assert refused["event"] == {
        "id": "d-1",
        "kind": "event",
        "category": ["configuration"],
        "type": ["denied"],
        "action": "ContainerCreate",
        "outcome": "failure",
        "provider": "portero",
        "duration": 300_000,
    }
    assert refused["http"] == {"request": {"method": "POST"}}
    assert refused["url"] == {"path": "/v1.45/containers/create"}
    assert refused["user"] == {"name": "alicia", "group": {"name": ["dev"]}}
    assert refused["container"] == {"image": {"name": "busybox"}}
    assert refused["rule"] == {"id": ["no-privileged"], "ruleset": "hardened"}
    assert refused["portero"]["policy"] == "abc"
    assert len(refused["portero"]["violations"]) == 2
    assert not {"trace", "d-1"} & refused.keys()
    assert (allowed["event"]["type"], allowed["event"]["outcome"]) == (["allowed"], "success")
    assert allowed["user"]["group"]["name"] == [HOSTILE]
    assert (allowed["trace"], allowed["rule"]["id"]) == ({"id": "ab" * 16}, [])
    assert "container" not in allowed


def test_open_cybersecurity_schema_framework(host: Host) -> None:
    traced = text("d-2", allowed=True, image=HOSTILE, groups=[HOSTILE, "ops"], traceId="ab" * 16)
    refused, allowed = named(host, "ocsf", text(image=None), traced)

    assert (refused["category_uid"], refused["class_uid"], refused["type_uid"]) == (6, 6003, 600399)
    assert (refused["activity_id"], refused["activity_name"]) == (99, "ContainerCreate")
    assert refused["time"] == 1_795_532_400_123
    assert (refused["status_id"], refused["action_id"], refused["severity_id"]) == (2, 2, 3)
    assert refused["metadata"] == {"version": "1.3.0", "uid": "d-1", "product": {"name": "Portero"}}
    assert refused["actor"]["user"] == {"name": "alicia", "groups": [{"name": "dev"}]}
    assert refused["api"] == {"operation": "ContainerCreate", "version": "1.45", "service": {"name": "docker"}}
    assert refused["http_request"] == {"http_method": "POST", "url": {"path": "/v1.45/containers/create"}}
    assert refused["unmapped"]["violations"][0] == {"rule": "no-privileged", "action": "deny"}
    assert "resources" not in refused
    assert (allowed["status_id"], allowed["action_id"], allowed["severity_id"]) == (1, 1, 1)
    assert allowed["resources"] == [{"type": "image", "name": HOSTILE}]
    assert allowed["actor"]["user"]["groups"] == [{"name": HOSTILE}, {"name": "ops"}]
    assert allowed["metadata"]["correlation_uid"] == "ab" * 16


@needs_journald
def test_every_decision_in_the_journal_arrives_and_nobody_elses(host: Host) -> None:
    # Not compressed: not every build of the library that rsyslog reads the journal with knows zstd.
    with journald("RateLimitIntervalSec=0\nCompress=no") as journal:
        # No systemd runs there that could name a unit; who sent an entry is journald's own word, too.
        unit = {'$!_SYSTEMD_UNIT == "portero.service"': '$!_UID == "0"'}
        sending = change(host.sending("rsyslog-journal.conf"), unit)
        with (
            Rsyslog(host.folder / "collector", host.collecting()) as collector,
            Rsyslog(host.folder / "sender", sending, journal.enter),
        ):
            time.sleep(3)  # it begins with what comes after its first start
            with closing(Journal(journal.socket)) as log:

                def write(number: int) -> None:
                    for each in range(host.written, host.written + number):
                        log.write(text(f"d-{each}").decode().rstrip())
                    host.written += number

                write(100)
                forge(journal.socket, text("forged").decode().rstrip())
                assert soon(host.has_all)
                write(100)
                collector.kill()
                write(100)
                collector.start()
                assert soon(host.has_all)
    assert "forged" not in host.ids()


def forge(path: str, line: str) -> None:
    """An entry of another user that looks like one of Portero's."""
    code = (
        "import os, socket, sys; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM);"
        f"s.connect({path!r}); os.setuid(65534); s.send(sys.argv[1].encode())"
    )
    entry = f"MESSAGE={line}\nSYSLOG_IDENTIFIER=portero-decisions\n_UID=0\n"
    subprocess.run([sys.executable, "-c", code, entry], check=True, timeout=60)
