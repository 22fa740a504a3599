"""`make install`, `make upgrade` and `make uninstall`, below another root than /."""

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from portero import __version__
from tests.paths import ROOT

from .commands import run

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="an installation belongs to root")
CURRENT = "opt/portero/current"
ENVIRONMENT = "etc/portero/environment"
SITE = "etc/portero/policy/site.json"
OLD_SITE = "etc/portero/site"
OLD_SETTINGS = "PORTERO_SCHEMAS=/etc/portero/site\n"


class Host:
    """A root folder, and the installer at work below it."""

    def __init__(self, folder: Path, wheels: Path) -> None:
        self.folder = folder
        self._wheels = wheels

    def make(self, command: str, *, checkout: Path = ROOT, **more: str) -> "subprocess.CompletedProcess[str]":
        own = {"DESTDIR": str(self.folder), "WHEELS": str(self._wheels), "PYTHON": sys.executable, "COMPILE": "no"}
        return run(checkout / "packaging" / "install.sh", command, env={"PATH": "/usr/bin:/bin", **own, **more})

    def write(self, path: str, text: str) -> None:
        """A file of its own: copies of the root share theirs."""
        place = self.folder / path
        place.unlink(missing_ok=True)
        place.write_text(text)

    def files(self) -> dict[str, tuple[str, int]]:
        """Everything below the root with its mode, and when a file was written."""
        found = sorted(self.folder.rglob("*"))
        return {str(path.relative_to(self.folder)): self._stamp(path) for path in found}

    @staticmethod
    def _stamp(path: Path) -> tuple[str, int]:
        found = path.lstat()
        return stat.filemode(found.st_mode), 0 if path.is_dir() else found.st_mtime_ns


@pytest.fixture(scope="module")
def installed(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with a fresh installation; tests work on copies of it."""
    host = Host(tmp_path_factory.mktemp("host") / "root", wheels)
    done = host.make("install", COMPILE="yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "with its units, and starts nothing: " in done.stdout
    return host.folder


@pytest.fixture
def host(installed: Path, wheels: Path, tmp_path: Path) -> Host:
    subprocess.run(["cp", "-al", installed, tmp_path / "root"], check=True)
    return Host(tmp_path / "root", wheels)


@pytest.fixture
def changed_checkout(tmp_path: Path) -> Path:
    """This checkout with a change, which the wheels do not have."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for name in ("plugin", "schemas", "packaging", "config.json", "pyproject.toml", "requirements", "docs"):
        place = ROOT / name
        (shutil.copytree if place.is_dir() else shutil.copy)(place, checkout / name)
    module = checkout / "plugin" / "portero" / "__init__.py"
    module.write_text(module.read_text() + "# changed\n")
    return checkout


def test_what_is_installed_runs(host: Host) -> None:
    shebang = (host.folder / CURRENT / "bin" / "portero").read_text().splitlines()[0]
    release = os.readlink(host.folder / CURRENT)

    assert shebang == f"#!/opt/portero/{release}/bin/python"
    assert os.readlink(host.folder / "usr/local/bin/portero") == "/opt/portero/current/bin/portero"
    words = ("-m", "portero", "rules", "--schemas", (host.folder / SITE).parent)
    done = run(host.folder / CURRENT / "bin" / "python", *words, env={"PATH": "/usr/bin:/bin"})
    assert "no-privileged" in done.stdout, done.stderr


def test_modes_and_places_are_those_of_an_installation(host: Host) -> None:
    modes = {path: mode for path, (mode, _) in host.files().items()}

    assert modes[ENVIRONMENT] == "-rw-------"
    # The operator's, who may have it signed: no upgrade compares it with one of ours.
    assert modes[SITE] == "-rw-r--r--"
    assert "/policy/" not in (host.folder / "opt/portero/shipped").read_text()
    assert modes["var/log/portero"] == "drwxr-x---"
    assert modes["etc/logrotate.d/portero"] == "-rw-r--r--"
    assert modes["usr/local/lib/systemd/system/portero.socket"] == "-rw-r--r--"
    assert modes["usr/local/lib/docker/cli-plugins/docker-portero"] == "-rwxr-xr-x"
    assert "usr/local/share/bash-completion/completions/portero" in modes
    assert "usr/local/share/man/man1/portero.1" in modes
    assert modes["usr/local/share/portero/logs/rsyslog.conf"] == "-rw-r--r--"
    assert modes["usr/local/share/doc/portero/when-docker-hangs.md"] == "-rw-r--r--"
    assert [path for path, mode in modes.items() if mode[0] != "l" and (mode[5] == "w" or mode[8] == "w")] == []
    assert {path.lstat().st_uid for path in host.folder.rglob("*")} == {0}


def test_nothing_names_the_folder_it_was_made_in(host: Host) -> None:
    assert run("grep", "-rlI", "-e", ROOT, "-e", "pytest-of", host.folder).stdout == ""


def test_the_units_start_what_is_installed(host: Host) -> None:
    unit = (host.folder / "usr/local/lib/systemd/system/portero.service").read_text()

    assert "ExecStart=/usr/local/bin/portero serve\n" in unit
    drop_in = host.folder / "usr/local/lib/systemd/system/docker.service.d/portero.conf"
    assert "After=portero.socket" in drop_in.read_text()


def test_installing_twice_changes_nothing(host: Host) -> None:
    before = host.files()

    done = host.make("install")

    assert done.returncode == 0
    assert "is installed already" in done.stdout
    assert host.files() == before


def test_an_upgrade_keeps_what_the_operator_changed(host: Host, changed_checkout: Path) -> None:
    first = os.readlink(host.folder / CURRENT)
    host.write(ENVIRONMENT, "PORTERO_PROFILE=baseline\n")
    (host.folder / "etc/portero/policy/rules").mkdir()
    host.write("usr/local/share/fish/vendor_completions.d/portero.fish", "changed")
    notes = changed_checkout / "packaging" / "files" / "environment"
    notes.write_text(notes.read_text() + "# new\n")

    done = host.make("upgrade", checkout=changed_checkout)

    assert done.returncode == 0, done.stderr
    assert "kept /etc/portero/environment, which you changed" in done.stdout
    assert (host.folder / ENVIRONMENT).read_text() == "PORTERO_PROFILE=baseline\n"
    assert (host.folder / "opt/portero/current.etc/portero/environment").read_text().endswith("# new\n")
    assert (host.folder / "usr/local/share/fish/vendor_completions.d/portero.fish").read_text() != "changed"
    second = os.readlink(host.folder / CURRENT)
    assert second != first
    # The one before stays for what still runs from it.
    assert sorted(os.listdir(host.folder / "opt/portero/releases")) == sorted(
        [first.removeprefix("releases/"), second.removeprefix("releases/")]
    )
    assert host.make("upgrade", checkout=changed_checkout).stdout.endswith("is installed already\n")


def make_older(host: Host, folder: str, settings: str) -> None:
    """As an earlier version left it. `settings`: also as they were shipped then."""
    (host.folder / "etc/portero/policy").rename(host.folder / folder)
    host.write(ENVIRONMENT, settings)
    shipped = host.folder / "opt/portero/shipped"
    lines = [line for line in shipped.read_text().splitlines() if not line.endswith(f"/{ENVIRONMENT}")]
    sum_of = run("sha256sum", host.folder / ENVIRONMENT).stdout.split()[0]
    host.write("opt/portero/shipped", "\n".join([*lines, f"{sum_of}  /{ENVIRONMENT}", ""]))


@pytest.mark.parametrize("name", ["site", "schemas"])
def test_an_upgrade_moves_the_policy_folder_and_uninstall_takes_its_link(
    host: Host, changed_checkout: Path, name: str
) -> None:
    old = f"etc/portero/{name}"
    make_older(host, old, f"PORTERO_SCHEMAS=/{old}\n")
    host.write(f"{old}/site.json", '{"pids-max": 100}')

    done = host.make("upgrade", checkout=changed_checkout)

    assert f"portero: moved /{old} to /etc/portero/policy, and left a link\n" in done.stdout, done.stderr
    assert os.readlink(host.folder / old) == "policy"
    assert (host.folder / SITE).read_text() == '{"pids-max": 100}'
    assert "\nPORTERO_POLICY=/etc/portero/policy\n" in (host.folder / ENVIRONMENT).read_text()
    assert host.make("uninstall").stdout.endswith("kept, because they hold what is yours: /etc/portero\n")
    assert [path.name for path in (host.folder / "etc/portero").iterdir()] == ["policy"]


def test_settings_that_name_the_older_folder_go_on_by_its_link(host: Host, changed_checkout: Path) -> None:
    make_older(host, OLD_SITE, OLD_SETTINGS)
    host.write(ENVIRONMENT, f"{OLD_SETTINGS}PORTERO_PROFILE=baseline\n")

    assert host.make("upgrade", checkout=changed_checkout).returncode == 0

    assert (host.folder / ENVIRONMENT).read_text() == f"{OLD_SETTINGS}PORTERO_PROFILE=baseline\n"
    assert (host.folder / OLD_SITE / "site.json").exists()
    assert host.make("install", checkout=changed_checkout).stdout.endswith("is installed already\n")


def test_where_both_folders_exist_that_of_the_settings_stays_and_nothing_is_merged(
    host: Host, changed_checkout: Path
) -> None:
    make_older(host, OLD_SITE, OLD_SETTINGS)
    (host.folder / "etc/portero/policy/exceptions").mkdir(parents=True)

    done = host.make("upgrade", checkout=changed_checkout)

    assert "/etc/portero/site and /etc/portero/policy both exist: nothing is moved or merged" in done.stdout
    # Otherwise the other folder would be in force, without a word.
    assert (host.folder / ENVIRONMENT).read_text() == OLD_SETTINGS
    assert not (host.folder / OLD_SITE).is_symlink()
    assert [path.name for path in (host.folder / "etc/portero/policy").iterdir()] == ["exceptions"]
    assert sorted(path.name for path in (host.folder / "etc/portero").iterdir()) == ["environment", "policy", "site"]


def test_a_link_to_a_release_of_the_policy_stays_what_it_is(host: Host, changed_checkout: Path) -> None:
    make_older(host, "etc/portero/policy-v1", "PORTERO_SCHEMAS=/etc/portero/policy\n")
    (host.folder / "etc/portero/policy").symlink_to("policy-v1")

    assert host.make("upgrade", checkout=changed_checkout).returncode == 0
    assert os.readlink(host.folder / "etc/portero/policy") == "policy-v1"

    make_older(host, OLD_SITE, OLD_SETTINGS)
    linked = run(ROOT / "packaging/move-policy.sh", env={"PATH": "/usr/bin:/bin", "DESTDIR": str(host.folder)})

    assert linked.stdout == "portero: the policy folder is /etc/portero/policy now, a link to /etc/portero/site\n"
    assert os.readlink(host.folder / OLD_SITE) == "policy-v1"
    assert (host.folder / SITE).exists()
    # An operator's way back to a version before.
    assert host.make("uninstall").returncode == 0
    assert not (host.folder / "etc/portero/policy").is_symlink()


def test_a_file_that_the_operator_removed_does_not_come_back(host: Host, changed_checkout: Path) -> None:
    (host.folder / "etc/logrotate.d/portero").unlink()

    assert host.make("upgrade", checkout=changed_checkout).returncode == 0

    assert not (host.folder / "etc/logrotate.d/portero").exists()


RSYSLOG = "etc/rsyslog.d/portero.conf"


def test_rsyslog_sends_the_log_on_when_it_is_asked_for_and_not_before(host: Host, changed_checkout: Path) -> None:
    assert not (host.folder / RSYSLOG).exists()

    assert host.make("install", RSYSLOG="logs.example.org").returncode == 0
    written = (host.folder / RSYSLOG).read_text()
    assert written.count('"logs.example.org"') == (ROOT / "packaging/logs/rsyslog.conf").read_text().count(
        '"logs.example.com"'
    )
    assert (host.folder / "etc/rsyslog.d/portero-names.conf").exists()

    # An upgrade leaves it as it is, and what the operator changed also where it is asked for again.
    assert host.make("upgrade", checkout=changed_checkout).returncode == 0
    assert (host.folder / RSYSLOG).read_text() == written
    host.write(RSYSLOG, "# changed\n")
    done = host.make("install", checkout=changed_checkout, RSYSLOG="logs.example.net")
    assert f"kept /{RSYSLOG}, which you changed; as it ships: /opt/portero/current.etc/rsyslog.d" in done.stdout
    (host.folder / RSYSLOG).unlink()
    assert host.make("install", checkout=changed_checkout, RSYSLOG="logs.example.net").returncode == 0
    assert '"logs.example.net"' in (host.folder / RSYSLOG).read_text()

    assert host.make("uninstall").stdout == "portero is removed\n"
    assert [path for path in host.folder.rglob("*") if not path.is_dir() or "portero" in path.name] == []


def test_a_name_of_a_machine_is_no_pattern_and_an_upgrade_needs_an_installation(
    host: Host, tmp_path: Path, wheels: Path
) -> None:
    pattern = host.make("install", RSYSLOG="a|b")
    missing = Host(tmp_path / "none", wheels).make("upgrade")

    assert (pattern.returncode, pattern.stdout, missing.returncode, missing.stdout) == (2, "", 2, "")
    assert "RSYSLOG: write the name of a machine" in pattern.stderr
    assert "nothing is installed here; make install" in missing.stderr


@pytest.mark.parametrize("there", ["", "usr/local/bin", "usr/local/share/man/man1"])
def test_uninstalling_leaves_the_machine_as_it_was(tmp_path: Path, wheels: Path, there: str) -> None:
    host = Host(tmp_path / "root", wheels)
    for folder in ("usr/local", "etc/logrotate.d", "var/log", "var/lib", "opt", there):
        (host.folder / folder).mkdir(parents=True, exist_ok=True)
    before = host.files()
    assert host.make("install").returncode == 0
    # Empty folders of units that commands made, and what the service and doors keep.
    for place in ("etc/systemd/system/docker.socket.d", "var/lib/portero", "var/lib/portero-door", "run/portero-door"):
        (host.folder / place).mkdir(parents=True)
    for file in ("last-policy.json", "writers.jsonl", "door.pub"):
        host.write(f"var/lib/portero/{file}", "{}")
    host.write("var/lib/portero-door/key", "key")

    done = host.make("uninstall")

    assert (done.returncode, done.stdout) == (0, "portero is removed\n"), done.stderr
    left = {path for path in host.files() if not path.startswith(("etc/systemd", "run"))}
    assert left == before.keys()
    assert [path for path in host.folder.rglob("*") if "portero" in path.name or path.name.endswith(".d")] == [
        host.folder / "etc/logrotate.d"
    ]
    assert host.make("uninstall").stdout == "nothing is installed here\n"


def test_uninstalling_keeps_what_is_the_operators_and_says_so(host: Host) -> None:
    host.write(SITE, '{"pids-max": 100}')
    host.write("var/log/portero/decisions.jsonl", "{}\n")

    done = host.make("uninstall")

    assert done.stdout.endswith("kept, because they hold what is yours: /etc/portero /var/log/portero\n")
    files = [str(path.relative_to(host.folder)) for path in host.folder.rglob("*") if not path.is_dir()]
    assert sorted(files) == [SITE, "var/log/portero/decisions.jsonl"]


def test_it_is_not_uninstalled_while_dockerd_asks_it(host: Host) -> None:
    (host.folder / "etc/docker").mkdir()
    host.write("etc/docker/daemon.json", '{"authorization-plugins": ["portero"]}')
    before = host.files()

    done = host.make("uninstall")

    assert done.returncode == 1
    assert "daemon.json still names portero" in done.stderr
    assert host.files() == before
    assert host.make("uninstall", FORCE="yes").returncode == 0


def test_without_wheels_it_says_how_to_get_them(tmp_path: Path) -> None:
    done = Host(tmp_path / "root", tmp_path).make("install")

    assert done.returncode == 2
    assert f"holds no wheel of portero {__version__}; gather them first" in done.stderr


def test_without_wheels_for_the_hosts_python_it_says_how_to_get_them(tmp_path: Path) -> None:
    (tmp_path / f"portero-{__version__}-py3-none-any.whl").touch()
    (tmp_path / "cryptography-50.0.2-cp311-abi3-linux.whl").touch()
    (tmp_path / "cffi-2.1.1-cp39-cp39-linux.whl").touch()

    done = Host(tmp_path / "root", tmp_path).make("install")

    assert done.returncode == 2
    assert re.search(
        rf"{tmp_path} holds no wheels for Python (3\.\d+) \(/.*\); gather them: .*gather.sh {tmp_path} \1$",
        done.stderr,
        re.MULTILINE,
    )


def test_wheels_of_another_version_are_not_installed_as_this_one(host: Host, changed_checkout: Path) -> None:
    module = changed_checkout / "plugin" / "portero" / "__init__.py"
    module.write_text('__version__ = "9.9"\n')
    before = os.readlink(host.folder / CURRENT)

    done = host.make("upgrade", checkout=changed_checkout)

    assert done.returncode == 2
    assert "holds no wheel of portero 9.9; gather them first" in done.stderr
    assert os.readlink(host.folder / CURRENT) == before
