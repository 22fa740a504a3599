"""What docs/docker-facts.md says of dockerd and no other test shows, past a plugin that allows everything."""

import json
import os
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.paths import ROOT
from tests.waiting import wait_until

from .guarded import GuardedDocker, serve, stub
from .rawhttp import Client, exchange, render

pytestmark = pytest.mark.e2e
TRACER = Path(__file__).with_name("trace_execs.py")


@pytest.fixture(scope="module")
def docker(own_docker: GuardedDocker) -> GuardedDocker:
    own_docker.replace_plugin(stub("allow"))
    return own_docker


def create(docker: GuardedDocker, name: str, **body: object) -> None:
    answer = docker.client.ask("POST", f"/containers/create?name={name}", {"Image": "busybox", **body})
    assert answer.status == 201, answer


def names(docker: GuardedDocker, query: str) -> set[str]:
    return {container["Names"][0] for container in docker.client.get(f"/containers/json?{query}")}


def test_3_14_dockerd_logs_the_whole_target_of_a_refused_request(docker: GuardedDocker) -> None:
    arguments = quote(json.dumps({"TOKEN": "hunter2"}))
    with docker.guarded_by(stub("deny")):
        assert docker.client.ask("POST", f"/build?buildargs={arguments}").status == 403
    assert "hunter2" in docker.daemon_log()


def test_3_15_after_an_upgrade_that_does_not_happen_dockerd_reads_on(docker: GuardedDocker) -> None:
    upgrading = render("GET", "/_ping", [("Connection", "Upgrade"), ("Upgrade", "tcp")])
    answer = exchange(docker.socket, upgrading + render("GET", "/version"), pipelined=True)

    assert (answer.status, "ApiVersion" in answer.text()) == (200, True), answer


def test_5_5_a_boolean_of_the_query_is_false_as_five_words_alone(docker: GuardedDocker) -> None:
    create(docker, "stopped")
    shown = {
        word: "/stopped" in names(docker, f"all={word}")
        for word in ("", "0", "no", "false", "none", "1", "off", "n", "f", "2", "null")
    }
    assert [word for word, is_shown in shown.items() if not is_shown] == ["", "0", "no", "false", "none"]


def test_12_6_the_command_line_drops_rates_of_devices(docker: GuardedDocker) -> None:
    docker.do("docker create --name rated --device-read-bps /dev/null:1mb --device-write-iops /dev/null:9 busybox")
    host = docker.client.get("/containers/rated/json")["HostConfig"]
    assert not host["BlkioDeviceReadBps"]
    assert not host["BlkioDeviceWriteIOps"]


def test_9_10_dockerd_opens_the_group_file_of_a_container_whatever_it_is(docker: GuardedDocker) -> None:
    docker.do("docker run --name piped busybox sh -c 'rm /etc/group; mknod /etc/group p'")
    merged = docker.client.get("/containers/piped/json")["GraphDriver"]["Data"]["MergedDir"]
    answer = Client(docker.socket, 3).ask("POST", "/containers/piped/start")
    # ENXIO where nothing reads.
    os.close(os.open(docker.host.path(f"{merged}/etc/group"), os.O_WRONLY | os.O_NONBLOCK))

    assert answer.status == 0


def test_14_1_a_label_narrows_lists_and_nothing_else(docker: GuardedDocker) -> None:
    for owner in ("a", "b"):
        create(docker, f"of-{owner}", Labels={"owner": owner})
        docker.client.ask("POST", "/volumes/create", {"Name": f"of-{owner}", "Labels": {"owner": owner}})
    query = f"filters={quote(json.dumps({'label': ['owner=a']}))}"

    def volumes(target: str) -> set[str]:
        return {volume["Name"] for volume in docker.client.get(f"{target}?{query}")["Volumes"]} & {"of-a", "of-b"}

    assert names(docker, f"all=1&{query}") == {"/of-a"}
    assert volumes("/volumes") == {"of-a"}
    assert volumes("/system/df") == {"of-a", "of-b"}
    assert docker.client.ask("GET", f"/plugins?{query}").status == 400


VOLUMES = """
from tests import unix_server

class Handler(unix_server.Handler):
    def respond(self):
        with open("/srv/volumes", "a") as file:
            file.write(f"{self.path} {self.posted().decode()}\\n")
        self.reply({"Implements": ["VolumeDriver"]} if "Activate" in self.path else {"Err": "no"})

with unix_server.Server("/run/docker/plugins/vols.sock", Handler) as server:
    server.serve_forever()
"""


def test_10_2_a_loaded_volume_plugin_is_asked_about_every_unknown_name(docker: GuardedDocker) -> None:
    words = ["env", f"PYTHONPATH={ROOT}", sys.executable, "-c", VOLUMES]
    with docker.host.running("volumes", words, docker.host.path("/run/docker/plugins/vols.sock").exists):
        docker.client.ask("POST", "/volumes/create", {"Name": "mine", "Driver": "vols"})
        docker.client.ask("GET", "/volumes/unknown")
        asked = docker.host.path("/srv/volumes").read_text()
    assert '/VolumeDriver.Get {"Name":"unknown"}' in asked


def test_10_3_containerd_looks_for_programs_in_opt_first(docker: GuardedDocker) -> None:
    name = "containerd-shim-runc-v2"
    program = docker.host.path(f"/opt/containerd/bin/{name}")
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f'#!/bin/sh\ntouch /srv/from-opt\nexec {docker.do(f"command -v {name}").strip()} "$@"\n')
    program.chmod(0o755)
    # It remembers where it found one.
    docker.restart_dockerd()
    docker.do("docker run --rm busybox true")
    assert docker.host.path("/srv/from-opt").exists()


def test_7_19_no_swarm_starts_with_live_restore_and_a_reload_takes_it(docker: GuardedDocker) -> None:
    docker.write_daemon_config({"live-restore": True})
    docker.reload()
    assert docker.client.get("/info")["LiveRestoreEnabled"] is True
    docker.stop_dockerd()
    ended = docker.shell("dockerd --iptables=false --ip6tables=false", timeout=50)
    docker.write_daemon_config()
    docker.restart_dockerd()
    docker.guard()

    assert (ended.returncode, "incompatible with swarm mode" in ended.stderr) == (1, True), ended.stderr


def test_7_28_a_swarm_has_no_log_driver_for_its_services(docker: GuardedDocker) -> None:
    swarm = docker.client.get("/swarm")
    spec = {**swarm["Spec"], "Labels": {"seen": "yes"}, "TaskDefaults": {"LogDriver": {"Name": "none"}}}
    assert docker.client.ask("POST", f"/swarm/update?version={swarm['Version']['Index']}", spec).status == 200
    docker.do("docker service create -d --name defaults busybox sleep 1000")
    listed = "docker ps -aq --filter label=com.docker.swarm.service.name=defaults"
    wait_until(lambda: docker.shell(listed).stdout, "no task of the service is made")

    shown = docker.client.get("/swarm")["Spec"]
    assert (shown["Labels"], shown["TaskDefaults"]) == ({"seen": "yes"}, {})
    assert docker.client.get("/info")["Swarm"]["Cluster"]["Spec"]["TaskDefaults"] == {}
    assert docker.do(f"docker inspect -f '{{{{.HostConfig.LogConfig.Type}}}}' $({listed})") == "json-file\n"


def test_12_8_a_stack_that_is_deployed_again_says_nothing_of_logins(docker: GuardedDocker) -> None:
    docker.host.path("/srv/stack.yaml").write_text(
        'version: "3.8"\nservices: {web: {image: busybox, cap_add: [ALL]}}\n'
    )
    deploy = "docker stack deploy --resolve-image never -c /srv/stack.yaml again"
    docker.do(deploy)

    with docker.guarded_by(serve("baseline")):
        assert "try: service web in the compose file without cap_add ALL" in docker.shell(deploy).stderr
        updated = docker.shell("docker service update -d --env-add A=b again_web").stderr
        assert "try: docker service update …  (without --cap-add ALL)" in updated


@pytest.mark.parametrize("traces", [True, False])
def test_7_20_a_container_that_traces_sees_execs_with_all_capabilities(docker: GuardedDocker, *, traces: bool) -> None:
    folders = ("/usr", "/lib", "/lib64", sys.base_prefix, str(TRACER.parent))
    mounts = " ".join(f"-v {folder}:{folder}:ro" for folder in folders)
    options = f"{mounts} --security-opt apparmor=unconfined {'--cap-add SYS_PTRACE' if traces else ''}"
    docker.do(f"docker run -d --name tracer {options} busybox {os.path.realpath(sys.executable)} {TRACER} 60")
    wait_until(lambda: "ready" in docker.shell("docker logs tracer").stdout, "the container does not look")

    for _ in range(30):
        docker.do("docker exec tracer true")
        if len(seen := docker.shell("docker logs tracer").stdout.splitlines()[1:]) > 2:
            break
    docker.do("docker rm -f tracer")

    status = docker.shell(f"cat /proc/{docker.dockerd.pid}/status").stdout
    of_root = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff"))
    # The filter for system calls comes late: some had it. What it runs after that is no runc.
    states = {line.partition(":")[0] for line in seen if of_root in line}
    assert states - {f"{of_root} 2 runc"} == ({f"{of_root} 0 runc"} if traces else set())
