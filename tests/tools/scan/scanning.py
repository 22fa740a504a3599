"""`portero scan` at a recorded daemon, and what it found by name."""

import json
from typing import Any

from click.testing import Result

from tests.tools.cli.running import portero
from tests.tools.scan.recorded_daemon import Daemon


def scan(daemon: Daemon, *words: str, profile: str = "baseline", lookups: str = "off") -> Result:
    where = ["--docker-host", f"unix://{daemon.socket}", "--host-root", "none", "--profile", profile]
    return portero("scan", *where, *words, PORTERO_LOOKUPS=lookups)


def found(daemon: Daemon, *words: str, lookups: str = "off") -> Any:
    result = scan(daemon, "--json", *words, lookups=lookups)
    assert result.exit_code in (0, 1), result.stderr
    return json.loads(result.output)


def refused(document: Any) -> dict[str, set[str]]:
    """The refusing rules of everything that would be refused."""
    return {
        thing["name"]: {v["rule"] for v in thing["violations"] if v["action"] == "deny"}
        for thing in document["objects"]
        if not thing["allowed"]
    }


def bypasses(document: Any, *, still_open: bool = True) -> dict[str, set[str]]:
    """The broken rules behind each way."""
    return {bypass["command"]: set(bypass["rules"]) for bypass in document["bypasses"] if bypass["open"] is still_open}


def make_clean(daemon: Daemon) -> None:
    """Leave only what nobody objects to."""
    plain = daemon.named("plain")
    daemon.answers["/containers/json"] = [{"Id": plain["Id"]}]
    plain["ExecIDs"] = None
    daemon.answers["/services"] = [one for one in daemon.answers["/services"] if one["Spec"]["Name"] == "svc"]
    volumes = daemon.answers["/volumes"]
    volumes["Volumes"] = [one for one in volumes["Volumes"] if one["Name"] == "tidy"]
