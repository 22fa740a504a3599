"""A policy, and decisions as check makes them."""

import pytest

from portero.application.loading import judge_of
from portero.decision import ActionTaken, Decision, Subject, Violation
from portero.policy.policy import Policy
from portero.recording.decided_request import Checked
from portero.settings.settings import Settings


@pytest.fixture(scope="session")
def policy() -> Policy:
    """The built-in rules."""
    return judge_of(Settings.read({}, {"host_root": "none"})).policy


def violation(rule: str, place: str = "HostConfig.Privileged", action: ActionTaken = "deny") -> Violation:
    remedy = {"docker": "drop --privileged", "compose": "remove privileged: true"}
    return Violation(rule, "baseline", place, action, "It can take over the host.", remedy)


def checked(*violations: Violation, file: str = "a compose.yaml", line: int | None = 3, client: str = "") -> Checked:
    subject = Subject(operation="ContainerCreate", client=client, by_compose="compose" in client)
    return Checked(
        file,
        line,
        "web",
        Decision(
            id="check",
            time=0.0,
            subject=subject,
            violations=violations,
            policy="digest",
            profile="baseline",
            mode="enforce",
        ),
    )
