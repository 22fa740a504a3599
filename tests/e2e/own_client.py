"""What alicia does with the Docker package at the users' door, in which nobody writes a label."""

import docker

client = docker.DockerClient(base_url="unix:///run/docker.sock")
print(client.containers.run("busybox", "echo hello", remove=True).decode(), end="")
client.volumes.create("pyvolume")
made = client.containers.run("busybox", "sleep 600", name="made", detach=True, init=True)
print([one.name for one in client.containers.list()])
print([one.name for one in client.volumes.list()])
made.remove(force=True)
client.volumes.get("pyvolume").remove()
