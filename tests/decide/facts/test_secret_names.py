"""Names that look like secrets are found; what only sounds like one is not, and no value ever is."""

import time
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.decide.facts import secret_names
from portero.decide.values.json_fields import JSON, Fact

SECRETS = [
    *("PASSWORD", "MYSQL_ROOT_PASSWORD", "PGPASSWORD", "db_passwd", "SSH_PASSPHRASE", "DB_PASS"),
    *("CLIENT_SECRET", "secretKey", "GITHUB_TOKEN", "API_KEY", "APIKEY", "api-key", "com.example.api.key"),
    *("PRIVATE_KEY", "AWS_ACCESS_KEY_ID", "GOOGLE_CREDENTIALS", "NPM_AUTH", "auth"),
    # Letters that fold to ASCII.
    *("pa\u017f\u017fword", "api_\u212aey"),
]
OTHERS = [
    *("PATH", "HOME", "PWD", "AUTHOR", "COMPASS", "PASSENGER_APP", "TOKENIZERS_PARALLELISM", "KEYBOARD"),
    *("DB_PASSWORD_FILE", "TOKEN_PATH", "SECRETS_DIR", "SSH_AUTH_SOCK", "com.docker.compose.config-hash"),
]


@pytest.mark.parametrize(("name", "secret"), [*((name, True) for name in SECRETS), *((name, False) for name in OTHERS)])
def test_a_name_that_looks_like_a_secret_is_reported_and_one_that_only_sounds_so_is_not(
    name: str, secret: bool
) -> None:
    assert secret_names.looks_secret(name, "hunter2") is secret


@pytest.mark.parametrize("mark", [".", "_", "-"])
@pytest.mark.parametrize("kind", ["file", "path", "dir", "sock"])
def test_a_path_to_a_secret_is_no_secret(mark: str, kind: str) -> None:
    assert not secret_names.looks_secret(f"TOKEN{mark}{kind}", "hunter2")
    assert secret_names.looks_secret(f"TOKEN{kind}", "hunter2")


@pytest.mark.parametrize("mark", [".", "_", "-"])
@pytest.mark.parametrize("kind", ["url", "uri"])
def test_a_secret_url_has_a_password(mark: str, kind: str) -> None:
    assert not secret_names.looks_secret(f"TOKEN{mark}{kind}", "hunter2")
    assert secret_names.looks_secret(f"MONGO{mark}{kind}", "x://u:p@h")
    assert secret_names.looks_secret(kind, "x://u:p@h")


@pytest.mark.parametrize("value", ["", "true", "false", "yes", "no", "on", "off", "True"])
def test_a_switch_or_nothing_is_no_secret(value: str) -> None:
    assert not secret_names.looks_secret("MYSQL_ALLOW_EMPTY_PASSWORD", value)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("postgres://user:hunter2@db/app", True),
        ("https://db/app, amqp://u:p@mq", True),
        ("redis://:hunter2@cache:6379", True),
        *(("https://auth.example.com/token", False), ("https://user@db:5432/app", False), ("https://user:@db", False)),
        *(("https://db:5432/a@b", False), ("user:password@db", False), ("https://db/u:p@h", False)),
        *(("https://db?u:p@h", False), ("https://db#u:p@h", False), ("https://db u:p@h", False)),
    ],
)
@pytest.mark.parametrize("name", ["DATABASE_URL", "TOKEN_URL", "url", "MONGO_URI"])
def test_a_url_is_a_secret_when_a_password_stands_in_it(name: str, value: str, found: bool) -> None:
    assert secret_names.looks_secret(name, value) is found


@pytest.mark.parametrize(
    "value", ["a" * 1_000_000, "://" + "a:" * 500_000, "://" * 300_000], ids=["word", "ports", "urls"]
)
def test_a_long_url_is_read_in_no_time(value: str) -> None:
    start = time.process_time()

    secret_names.looks_secret("DATABASE_URL", value)

    assert time.process_time() - start < 1


def test_secrets_are_found_by_place_and_what_has_no_value_is_none() -> None:
    assert secret_names.find_in_env(["TOKEN", "TOKEN=", "A=b", "TOKEN=a=b"], "Env") == [
        {"name": "TOKEN", "at": "Env[3]"}
    ]
    assert secret_names.find_in_map({"TOKEN": "x", "OTHER": "y", "SECRET": None}, "Labels[*]") == [
        {"name": "TOKEN", "at": "Labels[*]"}
    ]


_PIECES = st.sampled_from(
    [
        *"pas\u017fswordecrtkKyuthliURLI_.-aZ",
        *("pass", "phrase", "SECRET", "Token", "credential", "api", "key", "auth", "\n"),
    ]
)


def facts(found: list[JSON]) -> list[Fact]:
    return cast(list[Fact], found)


@given(st.lists(_PIECES, max_size=8).map("".join))
def test_every_word_has_a_root(name: str) -> None:
    if secret_names._WORDS.search(name.casefold()):
        assert secret_names._ROOT.search(name.casefold())


@given(st.lists(st.lists(_PIECES, max_size=8).map("".join), unique=True, max_size=200))
def test_many_names_are_reported_as_each_alone(names: list[str]) -> None:
    each = [name for name in names if secret_names.looks_secret(name, "hunter2")]

    assert [
        fact["name"] for fact in facts(secret_names.find_in_map(dict.fromkeys(names, "hunter2"), "Labels[*]"))
    ] == each
    assert len(secret_names.find_in_env([f"{name}=hunter2" for name in names], "Env")) == len(each)
