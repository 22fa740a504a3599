"""Request targets mean what they mean to dockerd, or are refused with the code and the part at fault.

uris.jsonl: a line for each target. dockerd 26.1.5 carried out each spelling, or its like; some versions it then refuses
as too old or too new, but they are numbers. It takes what follows # as query, and other readers drop it.
"""

import re
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from portero.decide.reading import uri as uri_module
from portero.decide.reading.uri import Target, parse_target
from portero.decide.values.refusals import Refused
from tests.cases import cases
from tests.refusing import find_refusal

LINES = cases(__file__, "uris.jsonl")


def each(*groups: str) -> pytest.MarkDecorator:
    """The targets of these groups: what the name of a case begins with."""
    chosen = [line for line in LINES if line["case"].partition(":")[0] in groups]
    return pytest.mark.parametrize("line", chosen, ids=lambda line: line["case"])


def read(line: dict[str, Any]) -> Target:
    """What a line says that the target is read as."""
    return Target(line["path"], line.get("version"), {name: (*said,) for name, said in line.get("query", {}).items()})


@each("spelling")
def test_every_spelling_that_dockerd_obeys_is_the_same_path(line: dict[str, Any]) -> None:
    assert parse_target(line["uri"]) == read(line)
    assert line["path"] == "/containers/create"


@pytest.mark.parametrize("line", LINES, ids=lambda line: line["case"])
def test_the_usual_form_is_read_as_step_by_step(line: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    uris = [
        line["uri"],
        *(f"{prefix}{line['uri']}" for prefix in ("/v1.45", "/v1.045", "/v1", "/v0.1", "/v1.44/v1.45")),
    ]
    read_at_once = [read_or_refuse(uri) for uri in uris]
    monkeypatch.setattr(uri_module, "_USUAL", re.compile(r"(?!)"))

    assert read_at_once == [read_or_refuse(uri) for uri in uris]


def read_or_refuse(uri: str) -> Target | str:
    try:
        return parse_target(uri)
    except Refused as refused:
        return refused.code


@each("version", "no version", "path", "query")
def test_a_target_is_read_as_dockerd_reads_it(line: dict[str, Any]) -> None:
    assert parse_target(line["uri"]) == read(line)


REFUSED = {
    "no number": ("uri-version", "path"),
    "fragment": ("uri-fragment", ""),
    "undecodable": ("uri-undecodable", None),
    # dockerd redirects or refuses it.
    "unclean": ("uri-not-clean", "path"),
    "semicolon": ("uri-query-ambiguous", "query"),
}


@each(*REFUSED)
def test_a_target_that_readers_could_differ_on_is_refused(line: dict[str, Any]) -> None:
    code, at = REFUSED[line["case"].partition(":")[0]]

    assert find_refusal(parse_target, line["uri"]) == (code, line["at"] if at is None else at)


def test_the_query_cannot_be_changed_after_reading() -> None:
    query = parse_target("/build?networkmode=none").query

    with pytest.raises(TypeError):
        query["networkmode"] = ("host",)  # type: ignore[index]


# A busy machine is no fault of the code.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
URIS = st.text() | st.text(alphabet="/v1.45%2eF?&=#;:abz\u017f\x00", max_size=40)


def outcome(uri: str) -> Target | str:
    try:
        return parse_target(uri)
    except Refused as refusal:
        return refusal.code


@PATIENT
@given(URIS)
def test_any_text_is_a_target_or_refused(uri: str) -> None:
    target = outcome(uri)

    assert target.startswith("uri-") if isinstance(target, str) else target.path.startswith("/")


@PATIENT
@given(st.lists(st.tuples(st.text(), st.text())), st.text(min_size=1))
def test_what_a_client_encodes_is_read_back_or_refused(pairs: list[tuple[str, str]], name: str) -> None:
    values: dict[str, tuple[str, ...]] = {}
    for key, value in pairs:
        values[key] = (*values.get(key, ()), value)

    target = outcome(f"/v1.45/images/{quote(name, safe='')}/json?{urlencode(pairs)}")

    assert target in (Target(f"/images/{name}/json", "1.45", values), "uri-undecodable", "uri-not-clean")


PLAIN = st.text(alphabet="/v1.450ab-_~=&?+:;", max_size=40).map(lambda text: "/" + text)


@PATIENT
@given(PLAIN)
@example("/v1.45/containers/json?all=1")
@example("/v1.45/containers/a.b/..c/json")
def test_what_needs_no_escapes_is_read_as_if_it_had_them(uri: str) -> None:
    path, mark, query = uri.partition("?")
    escaped = "".join(char if char in "/&=+;" else f"%{ord(char):02x}" for char in query)
    spelt = "".join(char if char == "/" else f"%{ord(char):02X}" for char in path)

    assert outcome(uri) == outcome(spelt + mark + escaped)
