"""What a compose file says instead of flags: one line of YAML that can be pasted into a service."""

import pytest

from portero.decide.flags import compose_syntax
from portero.decide.flags.docker import FLAGS
from tests.cases import cases

# `docker run` has them, compose-spec does not; the last is an option of services alone.
WITHOUT_A_KEY = {"--kernel-memory", "--publish-all", "--volume-driver"}


ONE_OF_EACH = {
    **{"--memory": "512m", "--cpus": "0.5", "--user": "10001:10001", "--read-only": "", "--cap-drop": "ALL"},
    **{"--ulimit": "nofile=1:2", "--log-driver": "syslog", "--opt": "a.b=false"},
}
BIND = 'type=bind,"source=/a,b",target=/b,readonly,bind-propagation=rslave'


@pytest.mark.parametrize(("flags", "keys"), cases(__file__, "flags-as-keys.jsonl"))
def test_flags_are_spelt_as_keys(flags: list[tuple[str, str]], keys: str) -> None:
    assert compose_syntax.spell_keys(flags) == keys


@pytest.mark.parametrize("word", ["true", "no", "null", "12:30", "a b", "-", "é", "{a}", "1e3"])
def test_what_yaml_would_read_as_something_else_is_quoted(word: str) -> None:
    assert compose_syntax.spell_keys([("--user", word)]).startswith('{user: "')


def test_a_network_is_made_known_and_its_mode_is_what_is_dropped() -> None:
    assert compose_syntax.declare_networks(["app"]) == "{networks: {app: {external: true}}}"
    assert compose_syntax.spell_dropped("--network") == "network_mode"
    assert compose_syntax.spell_dropped("--privileged") == "privileged"


def test_a_limit_that_goes_is_named_under_both_keys_that_compose_has_for_it() -> None:
    assert compose_syntax.spell_dropped("--memory") == "mem_limit or deploy.resources.limits.memory"
    assert compose_syntax.spell_keys([("--memory", "1g")]) == "{mem_limit: 1g}"


def test_limits_go_below_deploy_where_the_service_has_them() -> None:
    assert compose_syntax.move_to_deploy({"cpus": 1, "pids_limit": 200, "memswap_limit": "1g"}) == {
        "memswap_limit": "1g",
        "deploy": {"resources": {"limits": {"cpus": "1", "pids": 200}}},
    }
    assert compose_syntax.move_to_deploy({"memswap_limit": "1g"}) == {"memswap_limit": "1g"}
    flags = [("--memory", "1g"), ("--cpus", "0.5"), ("--user", "1:1")]
    assert compose_syntax.spell_keys(flags, deployed=True) == (
        '{deploy: {resources: {limits: {memory: 1g, cpus: "0.5"}}}, user: "1:1"}'
    )


def test_every_flag_but_those_that_compose_lacks_has_a_key() -> None:
    assert {flag for flag in FLAGS if flag not in compose_syntax.KEYS} == WITHOUT_A_KEY
