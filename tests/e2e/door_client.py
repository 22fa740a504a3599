"""What Python's docker package and a websocket do at a socket: python door_client.py SOCKET prints what came back."""

import base64
import os
import socket
import sys

import docker


def main(path: str) -> None:
    """Run, exec and attach."""
    client = docker.DockerClient(base_url=f"unix://{path}", timeout=60)
    said = client.containers.run("busybox", ["echo", "said"], remove=True).decode().strip()
    kept = client.containers.run("busybox", ["cat"], stdin_open=True, detach=True)
    user = kept.exec_run(["id", "-u"]).output.decode().strip()
    print(said, user, _say_over_websocket(path, str(kept.id)).decode())
    kept.remove(force=True)
    client.close()


def _say_over_websocket(path: str, container: str) -> bytes:
    """What `cat` sends back of one frame of text."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(20)
        client.connect(path)
        key = base64.b64encode(os.urandom(16)).decode()
        head = (
            f"GET /containers/{container}/attach/ws?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: d\r\n"
            "Origin: http://d\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        )
        client.sendall(f"{head}Sec-WebSocket-Key: {key}\r\n\r\n".encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += client.recv(1)
        # A masked frame (RFC 6455); its mask of zeros changes nothing.
        client.sendall(b"\x81\x85" + bytes(4) + b"hello")
        frame = b""
        while len(frame) < 7:
            frame += client.recv(7 - len(frame))
        return frame[2:]


main(sys.argv[1])
