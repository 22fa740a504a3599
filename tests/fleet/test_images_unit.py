"""portero-images.service under a real systemd: root lists images, an account without rights asks the registries."""

import json
from collections.abc import Iterator

import pytest

from tests.e2e.conftest import give_up
from tests.e2e.images import busybox, import_image
from tests.e2e.signing import MISSING
from tests.packaging.package import build_package

from .fleet import DAEMON, Fleet, wait_until
from .machine import Machine, boot_one
from .test_bundle_unit import run_registry

pytestmark = pytest.mark.e2e
NAME = "web1:5000/team/app:1"
SITE = {"image-trust": [{"images": "web1:5000/*", "keys": "team.pem"}]}
COSIGN = "COSIGN_PASSWORD= SSL_CERT_FILE=/srv/ca.pem DOCKER_CONFIG=/root cosign"

DROP_INS = "/etc/systemd/system/portero-images.timer.d"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    if MISSING:
        give_up(f"needs {', '.join(MISSING)}: apt-get install cosign docker-registry")
    with boot_one() as booted:
        Fleet.install(booted, build_package(tmp_path_factory))
        run_registry(booted)
        booted.path("/etc/docker/daemon.json").write_text(json.dumps(DAEMON))
        booted.do("mkdir -p /etc/docker/certs.d/web1:5000 && cp /srv/ca.pem /etc/docker/certs.d/web1:5000/ca.crt")
        booted.do("systemctl restart docker && cp /etc/portero/registry.json /root/config.json")
        import_image(booted.path("/run/docker.sock"), NAME, busybox(), 'CMD ["sh"]')
        booted.do(f"docker --config /root push --quiet {NAME} && cd /root && {COSIGN} generate-key-pair")
        booted.do("mkdir -p /etc/portero/policy/keys && cp /root/cosign.pub /etc/portero/policy/keys/team.pem")
        booted.path("/etc/portero/policy/site.json").write_text(json.dumps(SITE))
        with booted.path("/etc/portero/environment").open("a") as settings:
            settings.write("PORTERO_SCHEMAS=/etc/portero/policy\nPORTERO_BUNDLE_CA=/srv/ca.pem\n")
        yield booted


def test_the_unit_fetches_what_vouches_for_the_images_of_the_daemon(host: Machine) -> None:
    listing = "set -a; . /etc/portero/environment; portero images list"
    host.do("systemctl start portero-images")
    assert "it has no signature" in host.shell(listing).stdout
    digest = host.do(f"docker image inspect --format '{{{{index .RepoDigests 0}}}}' {NAME}").strip()
    host.do(f"cd /root && {COSIGN} sign --key cosign.key --tlog-upload=false -y {digest}")
    host.do(f"mkdir -p {DROP_INS} && printf '[Timer]\\nRandomizedDelaySec=0' > {DROP_INS}/at-once.conf")
    host.do("systemctl daemon-reload && systemctl enable --now portero-images.timer")
    wait_until(lambda: f"{NAME}: may run\n" in host.shell(listing).stdout, "the signature was not fetched")

    (folder,) = {host.path("/var/lib/portero-images").resolve().name}
    assert folder == "portero-images"
    kept = host.path("/var/lib/private/portero-images").lstat()
    assert kept.st_uid != 0
    assert host.do("systemctl show --property ActiveState --value portero-images").strip() != "failed"
