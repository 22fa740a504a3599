"""Values of a request as they are typed; nothing that can be a secret."""

from typing import Any

import pytest

from portero.flags import typed


@pytest.mark.parametrize(
    ("write", "value", "expected"),
    [
        (typed.size, 4 << 30, "4g"),
        (typed.size, 1000, "1000"),
        (typed.size, -1, "-1"),
        (typed.size, 0, ""),
        (typed.cpus, 1500000000, "1.5"),
        (typed.text, "host", "host"),
        (typed.text, "default", ""),
        (typed.restart, {"Name": "no", "MaximumRetryCount": 0}, ""),
        (typed.restart, {"Name": "on-failure", "MaximumRetryCount": 5}, "on-failure:5"),
        (typed.restart_of_service, {"Condition": "any", "MaxAttempts": 0}, "always:0"),
        (typed.log_driver, {"Type": "", "Config": {}}, ""),
        (typed.ulimit, {"Name": "nofile", "Soft": 1, "Hard": -1}, "nofile=1:-1"),
        (typed.device, {"PathOnHost": "/dev/a", "PathInContainer": "/dev/a", "CgroupPermissions": "rwm"}, "/dev/a"),
        (typed.device, {"PathOnHost": "/dev/a", "PathInContainer": "/b", "CgroupPermissions": "r"}, "/dev/a:/b:r"),
        (typed.gpus, {"Count": -1}, "all"),
        (typed.gpus, {"Count": 2}, "2"),
        (typed.gpus, {"DeviceIDs": ["0", "1"]}, '"device=0,1"'),
        (typed.gpus, {"Driver": "cdi", "DeviceIDs": ["a.com/b=1", "a.com/b=2"]}, "a.com/b=1,a.com/b=2"),
        (typed.mount, {"Type": "bind", "Source": "/a", "Target": "/b"}, "type=bind,source=/a,target=/b"),
        (
            typed.mount,
            {"Type": "bind", "Source": "/a,b", "Target": "/b", "ReadOnly": True},
            'type=bind,"source=/a,b",target=/b,readonly',
        ),
        (
            typed.mount,
            {"Type": "tmpfs", "Target": "/b", "TmpfsOptions": {"SizeBytes": 1000}},
            "type=tmpfs,target=/b,tmpfs-size=1000",
        ),
        (
            typed.mount,
            {"Type": "tmpfs", "Target": "/b", "TmpfsOptions": {"SizeBytes": 1 << 20, "Mode": 0o1770}},
            "type=tmpfs,target=/b,tmpfs-size=1m,tmpfs-mode=1770",
        ),
        (typed.service_port, {"PublishedPort": 8080, "TargetPort": 80, "Protocol": "udp"}, "8080:80/udp"),
    ],
)
def test_a_value_is_typed_as_docker_takes_it(write: Any, value: Any, expected: str) -> None:
    assert write(value) == expected


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (typed.security_option('seccomp={"a": "s3cret"}'), "seccomp=..."),
        (typed.driver_option("o", "username=u,password=s3cret"), "o=..."),
        (typed.driver_option("device", "//u:s3cret@nas/x"), "device=..."),
        (typed.driver_option("token", "s3cret"), "token=..."),
        (typed.driver_option("device", "/srv/x"), "device=/srv/x"),
        (typed.driver_option("o", "bind"), "o=bind"),
        (typed.driver_option("o", "size=1m,uid=1000,noexec"), "o=size=1m,uid=1000,noexec"),
        (typed.driver_option("o", "noexec,credentials=/x"), "o=..."),
        (typed.hidden_pair("splunk-token", "s3cret"), "splunk-token=..."),
        (
            typed.mount(
                {
                    "Type": "volume",
                    "Source": "v",
                    "Target": "/v",
                    "VolumeOptions": {"DriverConfig": {"Name": "nas", "Options": {"key": "s3cret"}}},
                }
            ),
            "type=volume,source=v,target=/v,volume-driver=nas,volume-opt=key=...",
        ),
    ],
)
def test_what_can_be_a_secret_is_left_out(written: str, shown: str) -> None:
    assert written == shown
    assert "s3cret" not in written
    assert typed.is_whole(written) == ("..." not in shown)
