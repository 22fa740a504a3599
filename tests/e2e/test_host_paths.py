"""What a host path reaches and who can replace it, with the real mounts, owners and starts of containers."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from .guarded import GuardedDocker, serve
from .refusals import REFUSED, refusing

pytestmark = pytest.mark.e2e

SITE = "/srv/site"
# The second start finds the link that the first one made.
ATTACK = "[ -e /x/etc/shadow ] && cp /x/etc/shadow /w/loot && exec sleep 99; mv /w/data /w/old; ln -s / /w/data; exit 1"


@pytest.fixture(scope="module")
def host(own_docker: GuardedDocker) -> GuardedDocker:
    own_docker.do(
        "set -e; mkdir -p /srv/app/data /srv/owned /home/alicia/app /home/user /var/cache/nginx /opt/app;"
        "chown 1000:1000 /home/alicia /home/alicia/app /home/user;"
        "echo alicia:x:1000:1000::/home/alicia:/bin/sh >> /etc/passwd"
    )
    return own_docker


@contextmanager
def mounted(host: GuardedDocker, *mounts: str) -> Iterator[None]:
    """Folders with `mount` options and targets, for the length of a block."""
    points = [words.split()[-1] for words in mounts]
    for point, words in zip(points, mounts, strict=True):
        host.do(f"mkdir -p {point} && mount {words}")
    try:
        yield
    finally:
        for point in reversed(points):
            host.shell(f"umount {point}")


def run(host: GuardedDocker, options: str, command: str = "true") -> str:
    done = host.shell(f"docker run --rm {options} busybox sh -c '{command}'")
    return done.stdout + done.stderr


# The command line keeps the order of --mount, not that of --volume.
@pytest.mark.parametrize("lower", ["src=/srv/app/data,dst=/x", "src=/srv/app/data,dst=/x,readonly"])
def test_a_container_that_can_replace_its_own_source_is_not_made(host: GuardedDocker, lower: str) -> None:
    mounts = f"--mount type=bind,src=/srv/app,dst=/w --mount type=bind,{lower}"
    answer = host.shell(f"docker run -d --name swap --restart on-failure:3 {mounts} busybox sh -c '{ATTACK}'").stderr

    assert refusing(answer) == ["no-nested-sources"]
    words = " ".join(answer.split())
    assert (
        "HostConfig.Mounts[1] (/srv/app/data): The container can write to /srv/app through HostConfig.Mounts[0]"
        in words
    )
    assert host.docker("inspect", "swap").returncode != 0


def test_without_the_plugin_the_second_start_reads_the_hosts_files(host: GuardedDocker) -> None:
    host.unguard()
    try:
        binds = "-v /srv/app:/w -v /srv/app/data:/x"
        host.shell(f"docker run -d --name swap --restart on-failure:3 {binds} busybox sh -c '{ATTACK}'")
        found = host.shell("for i in $(seq 80); do [ -s /srv/app/loot ] && break; sleep 0.1; done; cat /srv/app/loot")
        assert "root:" in found.stdout
    finally:
        host.shell("docker rm -f swap; rm -rf /srv/app; mkdir -p /srv/app/data")
        host.guard()


@pytest.mark.parametrize(
    "options",
    [
        "-v /srv/app:/w:ro -v /srv/app/data:/x",
        "-v /srv/app:/w -v data:/w/data",
        "-v /srv/app:/w -v /srv/owned:/w/data",
        "-v /var/log:/var/log:ro",
        "-v /usr/share/zoneinfo:/usr/share/zoneinfo:ro",
        "-v /home/user:/home/user:ro,z",
        "-v /opt:/x:ro -v /opt/app:/y",
        "-v /var/cache/nginx:/x",
        "-v /home/alicia/app:/x:ro",
    ],
)
def test_what_people_mount_runs(host: GuardedDocker, options: str) -> None:
    assert run(host, options, "echo works") == "works\n"


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ("-v /opt:/x", "no-sensitive-paths"),
        ("-v /var/cache:/x", "no-sensitive-paths"),
        ("-v /var/log:/x", "protected-paths"),  # the decision log lies there
    ],
)
def test_what_lies_above_something_that_root_runs_is_not_written(host: GuardedDocker, options: str, rule: str) -> None:
    assert rule in refusing(run(host, options))


@pytest.mark.parametrize(
    ("mount", "source", "rule"),
    [
        ("--bind /etc /srv/app/etc", "/srv/app", "no-sensitive-paths"),
        ("--bind /etc /srv/app/etc", "/srv/app/etc/ssl", "no-sensitive-paths"),
        ("--bind /var/lib/docker /srv/app/engine", "/srv/app", "docker-data"),
        ("--bind /run /srv/app/run", "/srv/app", "no-daemon-sockets"),
        ("-t proc proc /srv/app/proc", "/srv/app", "no-kernel-file-systems"),
        ("-t proc proc /srv/app/proc", "/srv/app/proc/1", "no-kernel-file-systems"),
        ("-t sysfs sysfs /srv/app/sys", "/srv/app", "no-kernel-file-systems"),
    ],
)
def test_the_hosts_own_mounts_go_along_and_are_judged(host: GuardedDocker, mount: str, source: str, rule: str) -> None:
    with mounted(host, mount):
        answer = run(host, f"-v {source}:/x:ro")
        volume = host.shell(f"docker volume create -o type=none -o o=rbind -o device={source} v").stderr

    assert rule in refusing(answer)
    assert rule in refusing(volume)
    assert run(host, "-v /srv/app:/x:ro", "echo works") == "works\n"


def test_a_mount_whose_folder_was_renamed_is_judged_where_it_is_now(host: GuardedDocker) -> None:
    # The kernel reports no such change of a mount (poll(2) on mountinfo).
    with mounted(host, "--bind /etc /srv/app/before/etc"):
        assert "works" in run(host, "-v /srv/app/after:/x:ro", "echo works")
        host.shell("rmdir /srv/app/after; mv /srv/app/before /srv/app/after")
        answer = run(host, "-v /srv/app/after:/x:ro", "cat /x/etc/shadow")
        host.shell("mv /srv/app/after /srv/app/before")

    assert "no-sensitive-paths" in refusing(answer)


def test_harmless_mounts_of_the_host_do_not_matter(host: GuardedDocker) -> None:
    with mounted(host, "-t tmpfs none /srv/app/cache", "--bind /srv/owned /srv/app/more"):
        assert run(host, "-v /srv/app:/x", "echo works") == "works\n"


def test_a_data_root_under_another_name_is_protected(host: GuardedDocker) -> None:
    with mounted(host, "--bind /var/lib/docker /srv/engine-data"):
        assert "docker-data" in refusing(run(host, "-v /srv/engine-data/volumes:/x:ro"))


def swap_of(decisions: list[dict[str, object]]) -> list[object]:
    violations = [violation for decision in decisions for violation in decision["violations"]]  # type: ignore[attr-defined]
    return [(v["action"], v["at"]) for v in violations if v["rule"] == "no-swappable-sources"]


def test_a_source_that_a_user_can_replace_is_reported_by_baseline_and_refused_by_hardened(host: GuardedDocker) -> None:
    before = host.log_size()
    # The command line keeps the order of --mount, not that of --volume.
    mounts = "--mount type=bind,src=/home/alicia/app,dst=/x,readonly --mount type=bind,src=/home/alicia,dst=/y,readonly"
    assert run(host, mounts, "echo works") == "works\n"
    assert swap_of(host.decisions(before)) == [("audit", "HostConfig.Mounts[0]")]

    with host.guarded_by(serve("hardened", "--host-root", "/")):
        refused = run(host, "-v /home/alicia/app:/x:ro")
    assert "no-swappable-sources" in refusing(refused)
    words = " ".join(refused.split())
    assert "user alicia (1000) can replace /home/alicia/app by a link to any file of this host" in words


def test_the_sites_lists_trust_users_and_never_containers(host: GuardedDocker) -> None:
    site = {
        "bind-sources": ["/home/alicia"],
        "bind-sources-read-only": ["/home/alicia"],
        "bind-sources-writable": ["/srv/app"],
        "unknown-fields": "audit",
    }
    host.shell(f"mkdir -p {SITE}")
    host.write_json(f"{SITE}/site.json", site)
    with host.guarded_by(serve("hardened", "--host-root", "/", "--schemas", SITE)):
        trusted = refusing(run(host, "-v /home/alicia/app:/x:ro -v /srv/app:/y"))
        below = refusing(run(host, "-v /srv/app/data:/x:ro"))

    about_mounts = {"no-swappable-sources", "bind-sources-listed", "no-sources-below-writable", "no-nested-sources"}
    assert about_mounts.isdisjoint(trusted)
    assert "no-sources-below-writable" in below


def test_a_service_is_judged_alike(host: GuardedDocker) -> None:
    mounts = "--mount type=bind,src=/srv/app,dst=/w --mount type=bind,src=/srv/app/data,dst=/x"
    answer = host.shell(f"docker service create --detach --name s {mounts} busybox").stderr

    assert REFUSED in answer
    assert refusing(answer) == ["no-nested-sources"]
