"""What units, cron and other settings execute as root is found; data, arguments and other users' commands are not."""

import errno
from pathlib import Path

import pytest

from portero.observe.files.symlinks import HostWalk
from portero.observe.host.root_commands import RootCommands, read_root_commands
from tests.observe.host.proc_tree import fail_at
from tests.paths import ROOT

FOLDER = ROOT / "plugin" / "portero" / "observe" / "host"


def found(root: Path, **files: str) -> RootCommands:
    """`files`: texts by path, in which two underscores are a slash."""
    for name, text in files.items():
        file = root / name.replace("__", "/").replace("_at_", "@").replace("_dot_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return read_root_commands(HostWalk(str(root)))


@pytest.mark.parametrize(
    ("text", "certain"),
    [
        ("ExecStart=/opt/a/run --x=/srv/data", {"/opt/a/run"}),
        ('ExecStartPre=-+"/opt/a/run" x', {"/opt/a/run"}),
        ('ExecStart="/opt/my app/run" /srv/data', {"/opt/my app/run"}),
        ("ExecStart=-'/opt/my app/run' x", {"/opt/my app/run"}),
        ('User=grafana\nExecStartPre="+/opt/my app/run"', {"/opt/my app/run"}),
        (r"ExecStart=/opt/my\x20app/run x", {"/opt/my app/run"}),
        ("EnvironmentFile=-/opt/my app/env\nExecStart=/usr/bin/x", {"/opt/my app/env", "/usr/bin/x"}),
        ("ExecStart=/usr/bin/x \\\n  /srv/data\nExecStop=@/opt/b b", {"/usr/bin/x", "/opt/b"}),
        ("ExecStart=/usr/bin/python3 -u /opt/a/main.py /srv/data", {"/usr/bin/python3", "/opt/a/main.py"}),
        ("ExecStart=/usr/bin/java -Xmx1g -jar /opt/a/a.jar", {"/usr/bin/java", "/opt/a/a.jar"}),
        ("User=root\nExecStart=/opt/a", {"/opt/a"}),
        ("User=grafana\nExecStart=/opt/a\nExecStartPre=+/opt/b", {"/opt/b"}),
        ("DynamicUser=yes\nExecStart=/opt/a", set()),
        ("#ExecStart=/opt/a\nWorkingDirectory=/opt/b\nConditionPathExists=/opt/c", set()),
        ("  ExecStart=/opt/a\n\tUser=root", {"/opt/a"}),
        # Set back to root.
        ("User=grafana\nUser=\nExecStart=/opt/a", {"/opt/a"}),
        ("# x \\\nExecStart=/usr/bin/x \\\n# y\n -c 'sh /opt/a'", {"/usr/bin/x", "/opt/a"}),
        ("EnvironmentFile=-/opt/a/env\nExecStart=/usr/bin/x", {"/opt/a/env", "/usr/bin/x"}),
        (
            "WorkingDirectory=/srv/shop\nEnvironmentFile=/srv/shop/.env\n"
            "ExecStart=/usr/bin/docker compose -f /srv/shop/compose.yml up\nExecStop=/usr/bin/docker-compose down",
            {"/usr/bin/docker", "/usr/bin/docker-compose"},
        ),
    ],
)
def test_a_unit_executes_what_its_lines_begin_with_and_scripts(tmp_path: Path, text: str, certain: set[str]) -> None:
    assert found(tmp_path, etc__systemd__system__a_dot_service=text).certain == certain


def test_paths_in_quotes_are_whole(tmp_path: Path) -> None:
    unit = """ExecStart=/usr/bin/env python3 -u "/opt/my app/main.py" '/opt/my app/helper'"""

    commands = found(tmp_path, etc__systemd__system__a_dot_service=unit)

    assert "/opt/my app/main.py" in commands.scripts
    assert "/opt/my app/helper" in commands.possible


def test_a_drop_in_belongs_to_its_unit(tmp_path: Path) -> None:
    commands = found(
        tmp_path,
        usr__lib__systemd__system__a_dot_service="ExecStart=/opt/a",
        etc__systemd__system__a_dot_service_dot_d__x_dot_conf="[Service]\nUser=alicia",
        etc__systemd__system__b_dot_service_dot_d__x_dot_conf="ExecStart=/opt/b",
        etc__systemd__system__c_dot_target="ExecStart=/opt/c",
    )

    assert commands.certain == {"/opt/b"}


@pytest.mark.parametrize(
    ("text", "certain", "possible", "scripts"),
    [
        ("5 4 * * * root /srv/a/run >/srv/log", set(), {"/srv/a/run", "/srv/log"}, set()),
        ("@daily root sh /srv/a.sh", {"/srv/a.sh"}, {"/srv/a.sh"}, set()),
        ("5 4 * * * alicia /srv/a/run", set(), set(), set()),
        ("5 4 * * * root docker exec web /srv/a; /srv/b", set(), {"/srv/b"}, set()),
        ("5 4 * * * root cd /srv/a && ./b/run && python3 c.py", set(), {"/srv/a"}, {"/srv/a/b/run", "/srv/a/c.py"}),
        ("# 5 4 * * * root /srv/a/run", set(), set(), set()),
        ("5 4 * * * root sudo -n -u www-data php /srv/a.php; /srv/b", set(), {"/srv/b"}, set()),
        ("5 4 * * * root sudo -u root php /srv/a.php", {"/srv/a.php"}, {"/srv/a.php"}, set()),
        ("@daily root cp -r . /srv/a", set(), {"/srv/a"}, set()),
        ("@daily root . /srv/a.env", {"/srv/a.env"}, {"/srv/a.env"}, set()),
    ],
)
def test_cron_executes_what_root_s_lines_name(
    tmp_path: Path, text: str, certain: set[str], possible: set[str], scripts: set[str]
) -> None:
    commands = found(tmp_path, etc__crontab=text)

    assert (commands.certain, commands.possible, commands.scripts) == (certain, possible, scripts)


def test_of_two_units_with_a_name_and_two_users_the_one_of_root_counts(tmp_path: Path) -> None:
    commands = found(
        tmp_path,
        etc__systemd__system__a_dot_service="ExecStart=/opt/a",
        usr__lib__systemd__system__a_dot_service="User=a\nExecStart=/opt/as-a",
        etc__systemd__system__b_dot_service_dot_d__x_dot_conf="User=root",
        usr__lib__systemd__system__b_dot_service="User=b\nExecStart=/opt/b",
    )

    assert commands.certain == {"/opt/a", "/opt/b"}


def test_what_a_link_of_root_leads_to_counts(tmp_path: Path) -> None:
    """`systemctl link /srv/shop/shop.service` makes such a link."""
    found(tmp_path, srv__shop__shop_dot_service="User=shop\nExecStart=/srv/shop/run", etc__systemd__system__x="")
    (tmp_path / "etc" / "systemd" / "system" / "shop.service").symlink_to("/srv/shop/shop.service")

    assert found(tmp_path).certain == {"/etc/systemd/system/shop.service"}


@pytest.mark.parametrize(
    ("text", "folders"),
    [
        ('Environment=A=1 "PATH=/opt/bin:/usr/bin" LD_PRELOAD=/opt/x.so', {"/opt/bin", "/usr/bin", "/opt/x.so"}),
        ("ExecSearchPath=/opt/bin", {"/opt/bin"}),
        ("RootDirectory=/srv/root\nExtensionImages=-/srv/x.raw:noexec", {"/srv/root", "/srv/x.raw"}),
        ("RootImage=/srv/root.img\nUser=x", set()),
        ("Environment=BACKUP_PATH=/srv/data MODEL_PATH=/srv/models", set()),
        ("Environment=PATH=/opt/bin\nUser=x", set()),
    ],
)
def test_a_unit_of_root_searches_folders(tmp_path: Path, text: str, folders: set[str]) -> None:
    assert found(tmp_path, etc__systemd__system__a_dot_service=f"{text}\nExecStart=/usr/bin/x").folders == folders


def test_folders_are_searched_for_programs_and_libraries(tmp_path: Path) -> None:
    (tmp_path / "srv" / "salt").mkdir(parents=True)
    commands = found(
        tmp_path,
        etc__ld_dot_so_dot_conf="include x\n/opt/lib\n",
        etc__sudoers__d="",
        etc__environment='PATH="/usr/bin:/opt/bin"',
        etc__profile="export PATH=$PATH:/opt/profile",
        etc__cron_dot_daily__backup="BACKUP_PATH=/srv/backup",
    )

    assert commands.folders == {"/opt/lib", "/usr/bin", "/opt/bin", "/opt/profile", "/srv/salt"}


@pytest.mark.parametrize(
    "place",
    [
        "root/.config/systemd/user/a.service",
        "etc/systemd/user/a.service",
        "etc/systemd/system-sleep/a",
        "root/.profile",
    ],
)
def test_what_root_s_own_manager_shell_and_hooks_execute_counts(tmp_path: Path, place: str) -> None:
    (tmp_path / place).parent.mkdir(parents=True)
    (tmp_path / place).write_text("ExecStart=sh /opt/a\n")

    assert found(tmp_path).certain == {"/opt/a"}


def test_a_masked_unit_and_a_large_program_say_nothing(tmp_path: Path) -> None:
    (tmp_path / "etc" / "systemd" / "system").mkdir(parents=True)
    (tmp_path / "etc" / "systemd" / "system" / "a.service").symlink_to("/dev/null")
    (tmp_path / "etc" / "rc.local").write_bytes(b"/opt/x\n" * (1 << 22))

    assert found(tmp_path) == RootCommands()


@pytest.mark.parametrize("place", ["etc/crontab", "etc/cron.d"])
def test_what_is_there_and_cannot_be_read_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    found(tmp_path, etc__crontab="", etc__cron_dot_d__x="")
    fail_at(monkeypatch, tmp_path / place, errno.EMFILE)
    open_file = "portero.observe.files.whole_files.os.open"
    if place == "etc/crontab":
        monkeypatch.setattr(open_file, lambda path, flags: (_ for _ in ()).throw(OSError(errno.EMFILE, "x", path)))

    with pytest.raises(OSError, match=r"Too many|x"):
        read_root_commands(HostWalk(str(tmp_path)))


def test_each_file_has_a_kind_and_a_source() -> None:
    rows = [line.split("\t") for line in (FOLDER / "acting_files.tsv").read_text().splitlines() if line[0] != "#"]

    assert {kind for kind, _, _ in rows} == {"unit", "crontab", "commands", "folders", "folder"}
    assert all(path.startswith("/") and source for _, path, source in rows)
