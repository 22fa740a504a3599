"""What a compose file says instead of flags: one line of YAML that can be pasted into a service."""

import pytest

from portero.flags import compose_syntax
from portero.flags.docker import FLAGS

# `docker run` has them, compose-spec does not; the last is an option of services alone.
WITHOUT_A_KEY = {"--kernel-memory", "--publish-all", "--volume-driver"}


def test_each_kind_of_flag_has_its_form() -> None:
    flags = [
        ("--memory", "512m"),
        ("--cpus", "0.5"),
        ("--user", "10001:10001"),
        ("--read-only", ""),
        ("--cap-drop", "ALL"),
        ("--ulimit", "nofile=1:2"),
        ("--log-driver", "syslog"),
        ("--opt", "a.b=false"),
    ]

    assert compose_syntax.spell_keys(flags) == (
        '{mem_limit: 512m, cpus: 0.5, user: "10001:10001", read_only: true, cap_drop: [ALL], '
        "ulimits: {nofile: {soft: 1, hard: 2}}, logging: {driver: syslog}, "
        'driver_opts: {a.b: "false"}}'
    )


def test_flags_under_one_key_stand_together() -> None:
    flags = [("--security-opt", "a"), ("--security-opt", "b"), ("--ulimit", "x=1"), ("--ulimit", "y=2")]

    assert compose_syntax.spell_keys(flags) == (
        "{security_opt: [a, b], ulimits: {x: {soft: 1, hard: 1}, y: {soft: 2, hard: 2}}}"
    )


@pytest.mark.parametrize("word", ["true", "no", "null", "12:30", "a b", "-", "é", "{a}", "1e3"])
def test_what_yaml_would_read_as_something_else_is_quoted(word: str) -> None:
    assert compose_syntax.spell_keys([("--user", word)]).startswith('{user: "')


def test_a_mount_is_a_mapping() -> None:
    flags = [("--mount", 'type=bind,"source=/a,b",target=/b,readonly,bind-propagation=rslave')]

    assert compose_syntax.spell_keys(flags) == (
        '{volumes: [{type: bind, source: "/a,b", target: "/b", read_only: true, bind: {propagation: rslave}}]}'
    )


def test_a_tmpfs_among_the_mounts_has_its_size_as_compose_takes_it() -> None:
    flags = [("--mount", "type=tmpfs,target=/b,tmpfs-size=64m,tmpfs-mode=1770")]

    assert (
        compose_syntax.spell_keys(flags) == '{volumes: [{type: tmpfs, target: "/b", tmpfs: {size: 64m, mode: 1016}}]}'
    )


def test_nothing_to_say_is_no_yaml() -> None:
    assert compose_syntax.spell_keys([]) == ""


def test_a_network_is_made_known_and_its_mode_is_what_is_dropped() -> None:
    assert compose_syntax.declare_networks(["app"]) == "{networks: {app: {external: true}}}"
    assert compose_syntax.spell_dropped("--network") == "network_mode"
    assert compose_syntax.spell_dropped("--privileged") == "privileged"


def test_a_limit_that_goes_is_named_under_both_keys_that_compose_has_for_it() -> None:
    assert compose_syntax.spell_dropped("--memory") == "mem_limit or deploy.resources.limits.memory"
    assert compose_syntax.spell_keys([("--memory", "1g")]) == "{mem_limit: 1g}"


def test_every_flag_but_those_that_compose_lacks_has_a_key() -> None:
    assert {flag for flag in FLAGS if flag not in compose_syntax.KEYS} == WITHOUT_A_KEY
