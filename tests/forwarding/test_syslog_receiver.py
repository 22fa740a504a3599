"""Lines as messages of syslog, in the names that were asked for."""

import json
import socket
from contextlib import closing
from pathlib import Path

from portero.forwarding.destination import Destination
from portero.forwarding.syslog_receiver import SyslogReceiver

from .lines import text


def test_each_line_is_a_message_in_the_format_that_was_asked_for(tmp_path: Path) -> None:
    receiver = SyslogReceiver(Destination("unix", str(tmp_path / "log")), "ecs", None)
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as log:
        log.bind(str(tmp_path / "log"))
        with closing(receiver.connect()) as connection:
            connection.send([text("d-1"), text("d-2")])
        messages = [log.recv(1 << 16), log.recv(1 << 16)]

    bodies = [json.loads(message.partition(b" - decision - ")[2]) for message in messages]
    assert receiver.name == str(tmp_path / "log")
    assert [body["event"]["id"] for body in bodies] == ["d-1", "d-2"]
