"""In the mounts and with the capabilities of its systemd unit portero decides about links as it does on the host."""

import pytest

from tests.project.test_unit import UNITS, options

from .guarded import GuardedDocker, serve
from .refusals import refusing

pytestmark = pytest.mark.e2e

SITE = "/srv/site"
LISTED = "/usr/lib/modules"
# Links below a listed folder, elsewhere, in chains, through ., .. and the folder's other name.
LINKS = {
    f"{LISTED}/docker": "/etc/docker",
    f"{LISTED}/relative": "../../../etc/docker",
    f"{LISTED}/chain": "docker",
    f"{LISTED}/harmless": "kernels",
    f"{LISTED}/socket": "/run/docker.sock",
    f"{LISTED}/proc": "/proc/1/root",
    "/srv/app/modules": LISTED,
    "/srv/app/etc": "/etc",
    "/srv/app/data": "/srv/data",
    "/srv/app/log": "/dev/kmsg",
    "/srv/app/kallsyms": "/proc/kallsyms",
}
SOURCES = [*LINKS, f"{LISTED}/kernels", f"{LISTED}/docker/../x", f"{LISTED}/docker/certs.d", "/lib/modules/docker"]
# What systemd 257 mounts for the options that a unit must not have (namespace.c): the test knows what they would do.
HIDDEN = {
    "ProtectKernelModules": "mount -t tmpfs -o ro,mode=000 none /usr/lib/modules",
    "ProtectKernelLogs": "mount --bind /dev/null /dev/kmsg",
    "ProtectKernelTunables": "mount --bind /dev/null /proc/kallsyms",
    "PrivateTmp": "mount -t tmpfs none /tmp && mount -t tmpfs none /var/tmp",
    "ProtectHome": "mount -t tmpfs none /home && mount -t tmpfs none /root",
}
(UNIT,) = (options(unit) for unit in UNITS if unit.name == "portero.service" and unit.parent.name == "systemd")


def in_the_unit(command: list[str], unit: dict[str, str]) -> list[str]:
    """The command under the mounts and capabilities that systemd makes of a unit."""
    read_only = [path.lstrip("-") for path in unit["ReadOnlyPaths"].split()]
    writable = ["/run/docker/plugins", "/var/log", "/run"]
    steps = [
        "set -e",
        # A folder that stays writable keeps a mount of its own, which the one of / does not change.
        *(f"mount --bind {path} {path}" for path in writable),
        "mount -o remount,bind,ro /",
        *(
            f"[ ! -e {path} ] || {{ mount --rbind {path} {path}; mount -o remount,bind,ro {path}; }}"
            for path in read_only
        ),
        *(mounts for option, mounts in HIDDEN.items() if unit.get(option, "no") != "no"),
    ]
    capabilities = ",".join(f"+{name.removeprefix('CAP_').lower()}" for name in unit["CapabilityBoundingSet"].split())
    drop = f"exec setpriv --no-new-privs --bounding-set=-all,{capabilities} --inh-caps=-all"
    return ["unshare", "--mount", "--propagation=slave", "sh", "-c", f'{"; ".join(steps)}; {drop} "$@"', "-", *command]


@pytest.fixture(scope="module")
def host(own_docker: GuardedDocker) -> GuardedDocker:
    own_docker.do(
        f"set -e; mkdir -p {SITE} {LISTED}/kernels /srv/app /etc/docker/certs.d; echo '{{}}' > {SITE}/x;"
        + "".join(f"ln -sfn {target} {link};" for link, target in LINKS.items())
    )
    own_docker.shell(f"rm {SITE}/x")
    values = {"bind-sources-read-only": [LISTED]}
    own_docker.write_json(f"{SITE}/site.json", values)
    return own_docker


def decide(host: GuardedDocker, command: list[str]) -> dict[str, list[str]]:
    """For each source the rules that refuse a container which mounts it."""
    with host.guarded_by(command):
        return {
            source: refusing(host.shell(f"docker create -v {source}:/x:ro busybox true").stderr) for source in SOURCES
        }


def test_the_unit_decides_about_links_as_the_host_does(host: GuardedDocker) -> None:
    command = [*serve("baseline"), "--schemas", SITE]

    on_host = decide(host, command)
    in_unit = decide(host, in_the_unit(command, UNIT))

    assert in_unit == on_host
    for source in ("docker", "relative", "chain"):
        assert on_host[f"{LISTED}/{source}"], "a link to /etc/docker is refused"
    assert on_host[f"{LISTED}/harmless"] == on_host["/srv/app/data"] == []
