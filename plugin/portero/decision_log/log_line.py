"""A line of the decision log as JSON (schemas/decision.json), and which decisions need none."""

import json

from portero.decision import Decision

# With PORTERO_LOG_READS=none these have no line when they are allowed. None of them hands out the content of a
# container, an image or a secret.
FREQUENT_READS = frozenset(
    {
        "SystemPing",
        "SystemPingHead",
        "SystemVersion",
        "SystemInfo",
        "SystemDataUsage",
        "ContainerList",
        "ImageList",
        "VolumeList",
        "NetworkList",
        "NetworkListSlash",
        "ServiceList",
        "TaskList",
        "NodeList",
        "SecretList",
        "ConfigList",
        "PluginList",
    }
)
# json.dumps would make one for each line. A line is a tree.
_WRITER = json.JSONEncoder(ensure_ascii=True, check_circular=False, separators=(",", ":"))


def is_frequent_read(decision: Decision) -> bool:
    """Whether it is a ping or a list that is allowed without any violation, and by the rules."""
    subject = decision.subject
    return (
        subject.operation in FREQUENT_READS and subject.reads and not decision.violations and not decision.breaks_glass
    )


def write_line(decision: Decision, microseconds: int) -> str:
    """What json.dumps makes of Decision.line(); all of it is ASCII."""
    return _WRITER.encode(decision.line(microseconds))
