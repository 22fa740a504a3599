"""A command as it was typed, corrected: whatever the spelling of its flags."""

import shlex

import pytest

from portero.flags.command_words import correct

ADD = [("-m", "1g")]


def corrected(command: str, *gone: tuple[str, ...], subcommand: int = 1) -> str:
    return shlex.join(correct(shlex.split(command), subcommand, ADD, gone, "/home/joe"))


@pytest.mark.parametrize(
    ("typed", "gone", "kept"),
    [
        ("--privileged", ("--privileged",), ""),
        ("--privileged=true --rm", ("--privileged",), "--rm"),
        ("-dP", ("-P",), "-d"),
        ("-dit", ("--privileged",), "-d -i -t"),
        ("-m 4g", ("-m", "4g"), ""),
        ("-m4g", ("-m", "4g"), ""),
        ("--memory=4096m --memory 5g", ("-m", "5g"), ""),
        ("-dm 4g", ("-m", "4g"), "-d"),
        ("-p 80:80 -p 443:443", ("-p", "80:80"), "-p 443:443"),
        ("--publish=80:80/tcp -p 80:80/udp", ("-p", "80:80"), "-p 80:80/udp"),
        ("-p 8000-8002:8000-8002", ("-p", "8001:8001"), "-p 8000:8000 -p 8002:8002"),
        ("-p 0.0.0.0:80:80 -p [::1]:81:81", ("-p", "0.0.0.0:80:80"), "-p '[::1]:81:81'"),
        ("-p 80", ("-p", "80"), ""),
        ("-v ./etc:/etc -v data:/data", ("-v", "/home/joe/etc:/etc"), "-v data:/data"),
        ("--volume=/a:/b:rw", ("-v", "/a:/b:rw"), ""),
        ("--mount source=/a,type=bind,dst=/b", ("--mount", "type=bind,source=/a,target=/b"), ""),
        ("--mount 'type=bind,\"source=/a,c\",target=/b'", ("--mount", 'type=bind,"source=/a,c",target=/b'), ""),
        ("--device=/dev/kmsg:/dev/kmsg", ("--device", "/dev/kmsg"), ""),
        ("--device /dev/snd:r", ("--device", "/dev/snd:/dev/snd:r"), ""),
        ("--cap-add CAP_NET_ADMIN --cap-add chown", ("--cap-add", "NET_ADMIN"), "--cap-add chown"),
        ("--security-opt seccomp=./p.json", ("--security-opt", "seccomp=..."), ""),
        ("--security-opt label:disable", ("--security-opt", "label=disable"), ""),
        ("--ulimit nofile=131072 --ulimit nproc=9", ("--ulimit", "nofile=131072:131072"), "--ulimit nproc=9"),
        ("--sysctl=a.b=1 --sysctl c=2", ("--sysctl", "a.b=1"), "--sysctl c=2"),
        ("--tmpfs /run:exec --tmpfs /tmp", ("--tmpfs", "/run:exec"), "--tmpfs /tmp"),
        ("--net=host", ("--network", "host"), ""),
        ("--gpus '\"device=0,1\"'", ("--gpus", '"device=0,1"'), ""),
        ("--pull always", ("--privileged",), "--pull always"),
        ("--log-opt splunk-token=s --log-opt tag=x", ("--log-opt", "splunk-token=..."), "--log-opt tag=x"),
    ],
)
def test_a_flag_goes_however_it_was_typed(typed: str, gone: tuple[str, ...], kept: str) -> None:
    expected = " ".join(f"docker run -m 1g {kept} busybox sh -c 'echo -m 4g'".split())

    assert corrected(f"docker run {typed} busybox sh -c 'echo -m 4g'", gone) == expected


@pytest.mark.parametrize(
    ("command", "subcommand", "gone", "expected"),
    [
        ("docker container run --privileged x", 1, ("--privileged",), "docker container run -m 1g x"),
        ("docker --log-level info run --privileged x", 3, ("--privileged",), "docker --log-level info run -m 1g x"),
        ("docker update web --pids-limit -1", 1, ("--pids-limit", "-1"), "docker update -m 1g web"),
        (
            "docker volume create v -o type=none --opt o=bind",
            1,
            ("-o", "type=none"),
            "docker volume create -m 1g v --opt o=bind",
        ),
        ("docker network create --internal -o a=1 n", 1, ("-o", "a=1"), "docker network create -m 1g --internal n"),
        ("docker build --pull -m 4g .", 1, ("-m", "4g"), "docker build -m 1g --pull ."),
        (
            "docker service create -p 80:80 --limit-memory 4g x",
            1,
            ("--limit-memory", "4g"),
            "docker service create -m 1g -p 80:80 x",
        ),
        ("docker run --privileged -- x --privileged", 1, ("--privileged",), "docker run -m 1g -- x --privileged"),
    ],
)
def test_each_command_has_its_options_where_it_takes_them(
    command: str, subcommand: int, gone: tuple[str, ...], expected: str
) -> None:
    assert corrected(command, gone, subcommand=subcommand) == expected
