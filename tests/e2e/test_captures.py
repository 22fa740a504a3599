"""What real clients sent once, as dockerd showed it to a plugin, asked again at the socket of a running plugin."""

import base64
import json
from typing import Any

import pytest

from tests import captured

from .guarded import PLUGIN_SOCKET, GuardedDocker
from .rawhttp import exchange, render
from .refusals import REFUSED, refusing

pytestmark = pytest.mark.e2e

ENVELOPES = captured.envelopes()
EXPECTED = [
    (row["case"], row["decision"], captured.rules_of(row["rules"]))
    for row in captured.table(captured.CAPTURES / "expected-baseline.tsv")
]
# Here the daemon can be asked, and has no such container: it refuses this itself. Without one it can join later.
REFUSED_BY_DOCKERD = {"cli/run-volumes-from", "cli/cp-to-archive"}


class Asker:
    """Asks the plugin as dockerd does. The networks of the capture get the names of the networks that are there now."""

    def __init__(self, docker: GuardedDocker) -> None:
        self._plugin = docker.host.path(PLUGIN_SOCKET)
        docker.shell("docker network create --driver overlay --attachable st1_default")
        self._networks = {
            old: docker.client.ask("GET", f"/networks/{name}").json()["Id"]
            for old, name in captured.HOST["networks"].items()
        }
        for link, target in captured.HOST["links"].items():
            docker.shell(f"mkdir -p $(dirname {link}); ln -sfn {target} {link}")

    def ask(self, envelope: dict[str, Any]) -> tuple[bool, str]:
        """The plugin's answer: allowed or not, and its words."""
        current = self._current(envelope)
        found = self._post("AuthZReq", current)
        assert type(found["Allow"]) is bool
        if found["Allow"]:
            # Nothing came of it.
            self._post("AuthZRes", current)
        return found["Allow"], found.get("Msg", "")

    def _post(self, call: str, document: dict[str, Any]) -> dict[str, Any]:
        posted = render("POST", f"/AuthZPlugin.{call}", (), json.dumps(document).encode())
        answer = exchange(self._plugin, posted, 30)
        assert answer.status == 200, answer.message
        return dict(answer.json())

    def _current(self, envelope: dict[str, Any]) -> dict[str, Any]:
        if "RequestBody" not in envelope:
            return envelope
        body = base64.b64decode(envelope["RequestBody"])
        for old, new in self._networks.items():
            body = body.replace(old.encode(), new.encode())
        return envelope | {"RequestBody": base64.b64encode(body).decode()}


@pytest.fixture(scope="module")
def asker(docker: GuardedDocker) -> Asker:
    return Asker(docker)


def test_every_captured_case_has_an_expectation() -> None:
    assert {case for case, _, _ in EXPECTED} == set(ENVELOPES)


@pytest.mark.parametrize(("case", "decision", "rules"), EXPECTED, ids=[case for case, _, _ in EXPECTED])
def test_a_captured_case_is_decided_as_expected(asker: Asker, case: str, decision: str, rules: set[str]) -> None:
    answers = [asker.ask(envelope) for envelope in ENVELOPES[case]]

    if case in REFUSED_BY_DOCKERD:
        decision, rules = "allow", set()
    refusals = [words for allowed, words in answers if not allowed]
    assert ("deny" if refusals else "allow") == decision, refusals
    for words in refusals:
        assert refusing(f"{REFUSED}: {words}"), "a refusal without a reason"
    found = {rule for words in refusals for rule in refusing(f"{REFUSED}: {words}")}
    # Whoever mounts all of this host mounts the programs of root and homes, too; the host of the captures has none.
    assert found - ({"no-root-programs", "no-writable-home"} if "no-sensitive-paths" in rules else set()) == rules
