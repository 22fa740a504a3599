"""A line of dockerd's log, where a managed plugin's standard output goes: the line in, what the plugin wrote out."""

import json
import re

# logrus's text formatter quotes with Go's strconv.Quote: of printable ASCII, which decisions are, a JSON string.
# journalctl puts date, host and process before it, unless it is asked for -o cat.
_LINE = re.compile(rb'(?:^|: )time="[^"]*" level=info msg=(?P<text>"[^"\\]*(?:\\.[^"\\]*)*") plugin=[0-9a-f]{64}\s*$')

# Quicker to look for than the whole.
_MARK = b" level=info msg="


def find_plugin_line(line: bytes) -> bytes:
    """What a plugin wrote, if this is such a line of dockerd; else the line as it is."""
    match = _LINE.search(line) if _MARK in line else None
    if match is None:
        return line
    try:
        return str(json.loads(match["text"])).encode()
    except ValueError:
        return line
