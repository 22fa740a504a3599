"""Four clients make and remove objects, while lists are read as another account; inside the throw-away host.

Usage: own_crowd.py make NAME | own_crowd.py read ANSWERS OWN OTHER: prints how many answers came, and those with OTHER.
"""

import http.client
import json
import socket
import sys

LISTS = (
    "/containers/json?all=1",
    "/volumes",
    "/networks",
    "/services",
    "/tasks",
    "/secrets",
    "/configs",
    "/networks/bridge",
)
MORE = ("/system/df", "/containers/json?limit=3")


class Door(http.client.HTTPConnection):
    """A connection to the users' door."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect("/run/docker.sock")


def ask(method: str, path: str, body: object = None) -> tuple[int, bytes]:
    door = Door("docker")
    data = None if body is None else json.dumps(body)
    door.request(method, path, data, {"Content-Type": "application/json"})
    answer = door.getresponse()
    return answer.status, answer.read()


def make(name: str) -> None:
    number = 0
    while True:
        number += 1
        one = f"{name}-{number}"
        env = [f"SECRET={name}"]
        ask("POST", "/volumes/create", {"Name": one})
        ask("POST", f"/containers/create?name={one}", {"Image": "busybox", "Cmd": ["echo", name], "Env": env})
        ask("POST", f"/containers/{one}/start")
        ask("POST", "/networks/create", {"Name": one})
        if number % 5 == 0:
            ask("POST", "/secrets/create", {"Name": one, "Data": "eA=="})
            task = {"ContainerSpec": {"Image": "busybox", "Args": ["echo", name], "Env": env}}
            ask(
                "POST", "/services/create", {"Name": one, "TaskTemplate": task, "Mode": {"Replicated": {"Replicas": 1}}}
            )
        for path in (
            f"/containers/{one}?force=1",
            f"/volumes/{one}",
            f"/networks/{one}",
            f"/secrets/{one}",
            f"/services/{one}",
        ):
            ask("DELETE", path)


def read(answers: int, own: str, other: str) -> None:
    own_seen, wrong, failed = 0, list[str](), list[str]()
    for count in range(answers):
        path = (*LISTS * 5, *MORE)[count % (len(LISTS) * 5 + len(MORE))]
        status, body = ask("GET", path)
        own_seen += own.encode() in body
        if other.encode() in body:
            wrong.append(f"{path}: {body[:300]!r}")
        # dockerd 29 has errors of its own while containers go.
        if status != 200 and (status < 500 or b"portero" in body):
            failed.append(f"{path}: {status} {body[:200]!r}")
    print(json.dumps({"count": answers, "own": own_seen, "wrong": wrong[:3], "failed": failed[:3]}))


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2])
    read(int(sys.argv[2]), sys.argv[3], sys.argv[4])
