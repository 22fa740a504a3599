"""Draws the pictures of the pages: boxes on a grid, and arrows between them."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from architecture import SVG_HEAD, draw_text

_LEFT, _TOP = 20, 72
_WIDTH, _HEIGHT = 196, 88
_ACROSS, _DOWN = _WIDTH + 44, _HEIGHT + 44
_LETTERS = 31
_BLUE, _GREY = ("#0b62a4", "#e8f2fa"), ("#999", "#fff")


@dataclass(frozen=True, slots=True)
class Box:
    """A box in a column and row of the grid. `own`: it is a part of Portero that decides."""

    column: int
    row: int
    about: str
    own: bool = True


@dataclass(frozen=True, slots=True)
class Picture:
    """`arrows`: from one box to another."""

    title: str
    about: str
    boxes: Mapping[str, Box]
    arrows: Sequence[tuple[str, str]]


REQUEST_WAY = Picture(
    "The way of a request",
    "Blue: pure, values in and values out. What cannot be read, and any error on the way, is a refusal with a code.",
    {
        "socket": Box(0, 0, "HTTP/1.1 over a Unix socket, read strictly; one thread waits for all", own=False),
        "envelope": Box(1, 0, "dockerd's JSON: method, target, headers, body, who asks"),
        "operation": Box(2, 0, "Docker's operationId, found by method and decoded path; unknown and writing: denied"),
        "request document": Box(3, 0, "canonical body, facts, identity, existing objects: what rules see"),
        "host": Box(4, 0, "links, mounts, sockets, daemon.json; dockerd is asked what exists", own=False),
        "violations": Box(3, 1, "a check for each rule of the operation; exceptions waive"),
        "decision": Box(2, 1, "allow or deny, with reasons, a judged proposal, the policy's digest"),
        "log line": Box(1, 1, "written before the reply; where it cannot be, changes are refused", own=False),
        "reply": Box(0, 1, "Allow and Msg, back over the same connection", own=False),
    },
    (
        ("socket", "envelope"),
        ("envelope", "operation"),
        ("operation", "request document"),
        ("host", "request document"),
        ("request document", "violations"),
        ("violations", "decision"),
        ("decision", "log line"),
        ("log line", "reply"),
    ),
)

PROCESSES = Picture(
    "The processes",
    "Blue: portero.service. Everything else runs under other accounts and decides nothing; the door says who asks.",
    {
        "clients": Box(0, 0, "docker, compose, CI, tools: on Docker's socket or its TLS port", own=False),
        "door": Box(1, 0, "if enabled: stamps who asks, passes bytes on; else clients reach dockerd", own=False),
        "dockerd": Box(2, 0, "asks about every API request and waits; refuses when nothing answers", own=False),
        "arbiter": Box(3, 0, "gunicorn's: starts the deciding process, and starts it anew when it has ended"),
        "commands": Box(1, 1, "status, try, scrapes of metrics: ask the socket; users read policy.json", own=False),
        "deciding process": Box(2, 1, "one, with threads: judges, loads policy, writes the log"),
        "policy folders": Box(3, 1, "rules, site.json, exceptions, keys", own=False),
        "log agent": Box(0, 2, "rsyslog, vector, fluent-bit: ships the log", own=False),
        "decision log": Box(1, 2, "a file, standard output or journald", own=False),
        "host": Box(2, 2, "/proc, links, mounts, daemon.json: read only", own=False),
        "timers": Box(3, 2, "bundle pull, images fetch: signed, verified again when it is loaded", own=False),
    },
    (
        ("clients", "door"),
        ("door", "dockerd"),
        ("dockerd", "deciding process"),
        ("arbiter", "deciding process"),
        ("policy folders", "deciding process"),
        ("timers", "policy folders"),
        ("deciding process", "decision log"),
        ("deciding process", "host"),
        ("decision log", "log agent"),
        ("deciding process", "commands"),
    ),
)

TO_ENFORCEMENT = Picture(
    "From audit to enforcement",
    "Blue: what you do. A step back is one line: PORTERO_MODE=audit, or a rule under actions.",
    {
        "audit": Box(0, 0, "PORTERO_MODE=audit: everything is judged and logged, what turns Portero off is refused"),
        "decision log": Box(1, 0, "what would be denied, by whom and why", own=False),
        "report, suggest": Box(2, 0, "who needs what: site values, drafts of exceptions, or another command"),
        "site folder": Box(3, 0, "site.json and exceptions, each with reason, owner and end"),
        "replay": Box(3, 1, "the recorded requests by the new policy: what would still be refused"),
        "enforce baseline": Box(2, 1, "PORTERO_MODE=enforce; the stricter profile is only reported"),
        "enforce hardened": Box(1, 1, "once hardly anything is reported; single rules stay on audit under actions"),
        "watch": Box(0, 1, "status, alerts, exceptions that end", own=False),
    },
    (
        ("audit", "decision log"),
        ("decision log", "report, suggest"),
        ("report, suggest", "site folder"),
        ("site folder", "replay"),
        ("replay", "enforce baseline"),
        ("enforce baseline", "enforce hardened"),
        ("enforce hardened", "watch"),
    ),
)

TO_PRODUCTION = Picture(
    "From a canary to production",
    "Blue: hosts with Portero. One signed folder, one tag for each stage; a host takes what its tag names.",
    {
        "policy in git": Box(0, 0, "portero test proves every rule; review", own=False),
        "signer": Box(1, 0, "portero bundle sign, with a key that is on no host", own=False),
        "registry": Box(2, 0, "portero bundle push: tags :canary and :prod", own=False),
        "canary hosts": Box(3, 0, "follow :canary: signature, group and version are verified, then it is loaded"),
        "numbers": Box(3, 1, "refusals, load failures, versions: Prometheus, a day long", own=False),
        "same bundle, :prod": Box(2, 1, "pushed once the canaries are quiet", own=False),
        "all hosts": Box(1, 1, "follow :prod, within six minutes; what does not verify leaves the old policy"),
        "way back": Box(0, 1, "the former content, signed again: a higher version", own=False),
    },
    (
        ("policy in git", "signer"),
        ("signer", "registry"),
        ("registry", "canary hosts"),
        ("canary hosts", "numbers"),
        ("numbers", "same bundle, :prod"),
        ("same bundle, :prod", "all hosts"),
        ("all hosts", "way back"),
        ("way back", "policy in git"),
    ),
)

FILES = Picture(
    "Who reads which file",
    "Blue: Portero. An arrow leads from a file to its reader, or to what is written. Root alone may write all of them.",
    {
        "environment": Box(0, 0, "/etc/portero/environment: settings; at a start", own=False),
        "systemd": Box(1, 0, "units and drop-ins; holds the socket", own=False),
        "daemon.json": Box(3, 0, "/etc/docker: the plugin's name and defaults of containers", own=False),
        "dockerd": Box(2, 0, "plugin's name at a reload, most else at its start", own=False),
        "portero serve": Box(1, 1, "settings from systemd; the rest by itself, daemon.json too, whenever it changes"),
        "site folder": Box(0, 1, "/etc/portero/policy, a bundle's, keys: in force within two seconds", own=False),
        "socket": Box(2, 1, "in /run/docker/plugins; root alone may connect", own=False),
        "state": Box(0, 2, "/var/lib/portero: versions, last policy, who could write where", own=False),
        "decision log": Box(1, 2, "/var/log/portero: a line for each decision", own=False),
        "commands": Box(2, 2, "portero status, explain, report: ask the socket, read the log"),
    },
    (
        ("environment", "systemd"),
        ("systemd", "portero serve"),
        ("daemon.json", "dockerd"),
        ("dockerd", "socket"),
        ("socket", "portero serve"),
        ("site folder", "portero serve"),
        ("portero serve", "decision log"),
        ("decision log", "commands"),
        ("portero serve", "state"),
        ("socket", "commands"),
    ),
)

PICTURES = {
    "request-way": REQUEST_WAY,
    "processes": PROCESSES,
    "audit-to-enforcement": TO_ENFORCEMENT,
    "canary-to-production": TO_PRODUCTION,
    "who-reads-what": FILES,
}


def svg(picture: Picture) -> str:
    """The picture as SVG."""
    boxes = picture.boxes
    width = 2 * _LEFT + max(box.column for box in boxes.values()) * _ACROSS + _WIDTH
    height = _TOP + max(box.row for box in boxes.values()) * _DOWN + _HEIGHT + _LEFT
    parts = [
        SVG_HEAD.format(width, height),
        draw_text(_LEFT, 28, picture.title, size=16, weight="bold"),
        draw_text(_LEFT, 50, picture.about),
        *[_arrow(boxes[start], boxes[end]) for start, end in picture.arrows],
        *[part for name, box in boxes.items() for part in _box(name, box)],
    ]
    return "\n".join([*parts, "</svg>", ""])


def _box(name: str, box: Box) -> Iterator[str]:
    border, fill = _BLUE if box.own else _GREY
    x, y = _corner(box)
    yield f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="5" fill="{fill}" stroke="{border}"/>'
    yield draw_text(x + 10, y + 20, name, size=13, weight="bold")
    for number, line in enumerate(textwrap.wrap(box.about, _LETTERS)):
        yield draw_text(x + 10, y + 38 + 14 * number, line)


def _corner(box: Box) -> tuple[int, int]:
    return _LEFT + box.column * _ACROSS, _TOP + box.row * _DOWN


def _arrow(start: Box, end: Box) -> str:
    """From the middle of a side to the middle of a side: sideways in one row, else up or down."""
    (x1, y1), (x2, y2) = _corner(start), _corner(end)
    if start.row == end.row:
        right = end.column > start.column
        x1, x2 = (x1 + _WIDTH, x2 - 1) if right else (x1, x2 + _WIDTH + 1)
        y1 = y2 = y1 + _HEIGHT // 2
    else:
        down = end.row > start.row
        x1, x2 = x1 + _WIDTH // 2, x2 + _WIDTH // 2
        y1, y2 = (y1 + _HEIGHT, y2 - 1) if down else (y1, y2 + _HEIGHT + 1)
    return f'<path d="M{x1} {y1} L{x2} {y2}" fill="none" stroke="#0b62a4" stroke-width="2" marker-end="url(#tip)"/>'
