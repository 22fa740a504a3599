"""Secrets inside texts: they go, the words around them stay, and no text takes long."""

import time

import pytest

from portero.capture.secret_patterns import hidden, text
from portero.facts.secret_names import looks_secret


@pytest.mark.parametrize(
    ("at", "plain"),
    [
        ("mysqld --password=hunter2 --port=3306", "mysqld --password=*** --port=3306"),
        ("export TOKEN='a b'; DB_PASS: s3 next", "export TOKEN='***'; DB_PASS: *** next"),
        ('{"password": "x y", "a": "b"}', '{"password": "***", "a": "b"}'),
        ('token="never closed', 'token="***'),
        ("token=", "token="),
        ('curl -H "Authorization: Bearer abc.def" x', 'curl -H "Authorization: Bearer ***" x'),
        ("curl -H 'X: basic abc='", "curl -H 'X: basic ***'"),
        ("https://user:pass@host/path", "https://user:***@host/path"),
        ("https://a@b:p@ss@host/path", "https://a@b:***@host/path"),
        ("ssh://git@host:22/path", "ssh://git@host:22/path"),
        ("postgres://u:p@db/x?sslpassword=q&a=b", "postgres://u:***@db/x?sslpassword=***&a=b"),
        ("addr=1.2.3.4,username=u,password=p,vers=3", "addr=1.2.3.4,username=u,password=***,vers=3"),
        ("ENV API_KEY some thing\nENV A=b TOKEN=q", "ENV API_KEY ***\nENV A=b TOKEN=***"),
        ("echo ghp_abcdefghijklmnopqrstuvwxyz012345", "echo ***"),
        ("AKIAIOSFODNN7EXAMPLE", "***"),
        ("eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl", "***"),
        ("swarm join --token SWMTKN-1-3pu6hszjas19xyp7ghgosyx9k8atbfcr8p2 x", "swarm join --token *** x"),
        ("cat <<E\n-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END", "cat <<E\n***"),
        ("AUTHOR=me COMPASS=1 MYSQL_ALLOW_EMPTY_PASSWORD=yes", None),
        ("PASSWORD_FILE=/run/secrets/db", None),
        ("nothing to hide, ENV PATH /bin", None),
    ],
    ids=lambda value: (value or "")[:20],
)
def test_a_secret_is_masked_and_the_rest_stays(at: str, plain: str | None) -> None:
    assert text(at) == (at if plain is None else plain)


@pytest.mark.parametrize("at", ["token=x", "https://u:p@h", "ENV TOKEN x", "Bearer x", 'password: "x"'])
def test_a_masked_text_is_masked_already(at: str) -> None:
    assert text(text(at)) == text(at)


@pytest.mark.parametrize(
    ("name", "value"), [("DB_PASSWORD", "x"), ("DATABASE_URL", "postgres://u:p@h/x"), ("URL", "http://u:p:q@@h")]
)
def test_what_takes_the_place_of_a_secret_still_looks_like_one(name: str, value: str) -> None:
    assert looks_secret(name, value)
    assert looks_secret(name, hidden(name, value))
    assert value not in hidden(name, value)


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "a",
            "a ",
            "a=",
            "a:",
            'a="',
            "a='",
            "url=",
            "token=yes ",
            "://a:",
            ":d",
            "eyJ",
            "eyJaaaaaaaa.",
            "ENV ",
            "\n",
        ),
        *("ENV\n", "bearer ", " \t", "-----BEGIN PRIVATE KEY", "xoxa-"),
    ],
)
def test_no_text_takes_more_than_its_length(piece: str) -> None:
    def seconds(length: int) -> float:
        said = (piece * length)[:length]
        began = time.process_time()
        text(said)
        return time.process_time() - began

    # Were it quadratic, it would be minutes.
    assert seconds(1 << 20) < 5
