"""Holds the plugin's socket and starts Portero behind it, again whenever it ends, as systemd does.

usage: activate.py SOCKET COMMAND...
"""

import os
import signal
import socket
import sys
import time

FIRST = 3


def main() -> None:
    path, *command = sys.argv[1:]
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(1024)
        os.dup2(listener.fileno(), FIRST)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        process = 0
        try:
            while True:
                process = os.fork()
                if process == 0:
                    start(command)
                os.waitpid(process, 0)
                time.sleep(0.2)
        finally:
            if process:
                os.kill(process, signal.SIGTERM)
                os.waitpid(process, 0)
            os.unlink(path)


def start(command: list[str]) -> None:
    os.set_inheritable(FIRST, True)
    os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
