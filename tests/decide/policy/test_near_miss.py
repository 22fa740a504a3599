"""A request that fails one condition of an exception is told which one; it never shows what may be a secret."""

from typing import Any

import pytest

from portero.decide.engine import Check
from portero.decide.engine.reference import REFERENCE
from portero.decide.policy.exception_match import make_strict
from portero.decide.policy.near_miss import find_miss, take_apart
from portero.decide.values.json_fields import JSON

REQUEST: dict[str, JSON] = {
    "operation": "ContainerCreate",
    "identity": {"user": ""},
    "body": {"Cmd": ["s3cret"], "Hostname": "s3cret"},
    "facts": {
        "image": {"registry": "docker.io", "repository": "library/busybox", "tag": "1.36", "digest": None},
        "privileged": {"value": False},
        "mounts": [{"source": "/srv/a"}],
        "log": {"driver": "s3cret"},
    },
}


def at(path: str, condition: JSON) -> dict[str, Any]:
    for name in reversed(path.split(".")):
        condition = {"properties": {name: condition}}
    return condition  # type: ignore[return-value]


def miss(*conditions: JSON) -> str:
    def compile_part(part: JSON) -> Check:
        read: Any = make_strict(part)
        return REFERENCE.compile(read, {})

    found = find_miss(take_apart({"allOf": [*conditions]}, compile_part), REQUEST)
    return ": ".join(found) if found else ""


CREATE = at("operation", {"const": "ContainerCreate"})


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        (at("facts.image.repository", {"const": "busybox"}), "facts.image.repository: library/busybox is not busybox"),
        (at("facts.image.digest", {"const": "sha256:1"}), "facts.image.digest: none is not sha256:1"),
        (at("facts.image.registry", {"enum": ["a", "b"]}), "facts.image.registry: docker.io is not a or b"),
        (at("facts.image.tag", {"enum": [*"abcd"]}), "facts.image.tag: 1.36 is not a or b or c or others"),
        (at("identity.user", {"const": "alice"}), "identity.user: empty is not alice"),
        (at("facts.privileged.value", {"const": True}), "facts.privileged.value: false is not true"),
        (at("facts.mounts", {"contains": at("at", {"const": 1})}), "facts.mounts: no entry is as the match asks"),
        (at("facts.nothing.there", {"const": 1}), "facts.nothing.there: missing"),
        (at("body.Hostname", {"const": "web"}), "body.Hostname: not web"),
        (at("facts.log.driver", {"const": "syslog"}), "facts.log.driver: not syslog"),
        (at("body.Hostname", {"pattern": "^web$"}), "body.Hostname: not as the match asks"),
    ],
)  # fmt: skip
def test_the_one_condition_that_fails_is_named(condition: JSON, sentence: str) -> None:
    assert miss(CREATE, condition) == sentence
    assert "s3cret" not in sentence


@pytest.mark.parametrize(
    "conditions",
    [
        pytest.param([at("identity.user", {"const": "alice"})], id="the only condition"),
        pytest.param(
            [CREATE, at("identity.user", {"const": "alice"}), at("facts.image.registry", {"const": "a"})],
            id="two of three fail",
        ),
        pytest.param([CREATE, at("identity.user", {"const": ""})], id="all hold"),
        pytest.param([CREATE] * 20 + [at("identity.user", {"const": "alice"})], id="too many to take apart"),
    ],
)
def test_what_is_far_away_or_matches_is_no_near_miss(conditions: list[JSON]) -> None:
    assert miss(*conditions) == ""
