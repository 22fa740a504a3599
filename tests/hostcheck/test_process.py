"""Which process is this host's dockerd, and what it shows of itself."""

from portero.hostcheck import process
from tests.hostcheck.host_tree import Host


def test_without_a_process_of_that_name_there_is_none(host: Host) -> None:
    host.write("/proc/7/comm", "bash\n")

    assert process.find(host.files) is None


def test_without_proc_there_is_none(host: Host) -> None:
    host.link("/proc", "/proc")

    assert process.find(host.files) is None


def test_the_pid_file_names_the_process(host: Host) -> None:
    host.write("/proc/7/comm", "dockerd\n")
    host.dockerd("--icc=false", environment="A=1\0B=x=y\0")

    found = process.find(host.files)

    assert found == process.Process("42", ("--icc=false",), {"A": "1", "B": "x=y"}, 0)


def test_a_stale_pid_file_names_nobody(host: Host) -> None:
    host.write("/run/docker.pid", "7")
    host.write("/proc/7/comm", "bash\n")
    host.write("/proc/9/comm", "dockerd\n")

    found = process.find(host.files)

    assert found is not None
    assert found.pid == "9"


def test_what_may_not_be_read_is_none(host: Host) -> None:
    host.write("/proc/9/comm", "dockerd\n")

    assert process.find(host.files) == process.Process("9", None, None, None)


def test_a_dockerd_inside_a_container_is_not_this_hosts(host: Host) -> None:
    host.dockerd(status="Uid:\t0\t0\t0\t0\nNSpid:\t42\t1\n")

    assert process.find(host.files) is None


def test_the_user_of_a_rootless_dockerd_is_seen(host: Host) -> None:
    host.dockerd(status="Uid:\t1000\t1000\t1000\t1000\nNSpid:\t42\n")

    found = process.find(host.files)

    assert found is not None
    assert found.user == 1000
