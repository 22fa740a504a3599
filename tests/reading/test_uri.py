"""Request targets mean what they mean to dockerd, or are refused with the code and the part at fault."""

from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from portero.reading.uri import Target, parse
from portero.refusals import Refused

CREATE = "/containers/create"


def refused(uri: str) -> tuple[str, str]:
    with pytest.raises(Refused) as refusal:
        parse(uri)
    return refusal.value.code, refusal.value.at


# dockerd 26.1.5 carried out each of these, or its like.
SPELLINGS = {
    "no-version": (CREATE, None),
    "plain": ("/v1.45/containers/create", "1.45"),
    "older": ("/v1.24/containers/create", "1.24"),
    "leading-zero": ("/v01.45/containers/create", "1.45"),
    "leading-zero-in-the-minor-number": ("/v1.045/containers/create", "1.45"),
    "many-leading-zeros": ("/v00001.00045/containers/create", "1.45"),
    "trailing-dot": ("/v1.45./containers/create", "1.45"),
    "trailing-zeros": ("/v1.45.0.0/containers/create", "1.45"),
    "third-number": ("/v1.30.99/containers/create", "1.30.99"),
    "escaped-letter": ("/v1.45/containers/%63reate", "1.45"),
    "escaped-version": ("/v%31.45/containers/create", "1.45"),
    "escaped-slashes": ("/v1.45%2Fcontainers%2fcreate", "1.45"),
    "all-escaped": ("/%76%31%2e%34%35%2f%63%6f%6e%74%61%69%6e%65%72%73%2f%63%72%65%61%74%65", "1.45"),
    "absolute": ("http://docker/v1.45/containers/create", "1.45"),
    "absolute-host-called-auth": ("http://auth/v1.45/containers/create", "1.45"),
    "absolute-with-user": ("http://auth:x@docker:80/v1.45/containers/create", "1.45"),
    "absolute-without-host": ("http:///v1.45/containers/create", "1.45"),
    "absolute-without-version": ("HTTPS://docker/containers/create", None),
    "other-scheme": ("foo+1.x-y://bar/v1.45/containers/create", "1.45"),
    "scheme-without-host": ("foo:/v1.45/containers/create", "1.45"),
}


@pytest.mark.parametrize(("uri", "version"), SPELLINGS.values(), ids=SPELLINGS.keys())
def test_every_spelling_that_dockerd_obeys_is_the_same_path(uri: str, version: str | None) -> None:
    assert parse(uri) == Target(CREATE, version, {})


# Numbers that dockerd then refuses as too old or too new, but that are numbers.
VERSIONS = {
    "1": "1.0",
    "1.": "1.0",
    "1.40": "1.40",
    "1.0.0": "1.0",
    "1.45.0.1": "1.45.0.1",
    "1.45.0.1.0": "1.45.0.1",
    "0.0.1": "0.0.1",
    ".45": "0.45",
    "1..45": "1.0.45",
    "0": "0.0",
    "1." + "9" * 18: "1." + "9" * 18,
    "1." + "0" * 19 + "45": "1.45",
}


@pytest.mark.parametrize(("at", "version"), VERSIONS.items(), ids=VERSIONS.keys())
def test_a_missing_number_of_a_version_is_zero(at: str, version: str) -> None:
    assert parse(f"/v{at}/info").version == version


@pytest.mark.parametrize("at", [".", "...", "1." + "1" * 19], ids=["dot", "dots", "beyond-an-integer"])
def test_a_version_that_is_not_made_of_numbers_is_refused(at: str) -> None:
    assert refused(f"/v{at}/info") == ("uri-version", "path")


NOT_VERSIONS = [
    "/volumes/create",
    "/version",
    "/v/info",
    "/v1.45",
    "/vx/info",
    "/v1.45a/info",
    "/V1.45/info",
    "/a/v1.45/info",
]


@pytest.mark.parametrize("uri", NOT_VERSIONS)
def test_what_is_not_a_version_prefix_stays_in_the_path(uri: str) -> None:
    assert parse(uri) == Target(uri, None, {})


def test_only_the_first_of_two_versions_is_a_version() -> None:
    assert parse("/v1.45/v1.44/info") == Target("/v1.44/info", "1.45", {})


def test_a_path_may_end_in_a_slash() -> None:
    assert parse("/v1.45/networks/").path == "/networks/"


def test_the_root_is_a_path() -> None:
    assert parse("/") == Target("/", None, {})


def test_the_path_is_decoded_once() -> None:
    assert parse("/containers/a%252Fb/json").path == "/containers/a%2Fb/json"


def test_a_plus_in_the_path_stays_a_plus() -> None:
    assert parse("/images/a+b/json").path == "/images/a+b/json"


def test_names_that_are_not_ascii_are_read() -> None:
    assert parse("/containers/ni%C3%B1o/json").path == parse("/containers/niño/json").path == "/containers/niño/json"


QUERIES: dict[str, tuple[str, dict[str, tuple[str, ...]]]] = {
    "none": ("", {}),
    "empty": ("?", {}),
    "one": ("?name=web", {"name": ("web",)}),
    "order-kept": ("?name=web&name=zzz", {"name": ("web", "zzz")}),
    "escaped-name": ("?n%61me=web", {"name": ("web",)}),
    "escaped-twice": ("?t=x&%6eetworkmode=h%6fst", {"t": ("x",), "networkmode": ("host",)}),
    "empty-pairs": ("?&&name=web&", {"name": ("web",)}),
    "no-value": ("?force", {"force": ("",)}),
    "empty-value": ("?force=", {"force": ("",)}),
    "empty-name": ("?=x", {"": ("x",)}),
    "equals-in-the-value": ("?a=b=c", {"a": ("b=c",)}),
    "plus-is-a-space": ("?comment=a+b%2Bc", {"comment": ("a b+c",)}),
    "second-question-mark": ("?a=b?c=d", {"a": ("b?c=d",)}),
    "names-keep-their-case": ("?Name=web", {"Name": ("web",)}),
    "escaped-separators": ("?a=%26b%3D1%3B%23", {"a": ("&b=1;#",)}),
    "line-break": ("?comment=a%0D%0A%09b", {"comment": ("a\r\n\tb",)}),
    "dots-and-slashes": ("?remote=//a/../b", {"remote": ("//a/../b",)}),
}


@pytest.mark.parametrize(("text", "query"), QUERIES.values(), ids=QUERIES.keys())
def test_the_query_is_read_as_dockerd_reads_it(text: str, query: dict[str, tuple[str, ...]]) -> None:
    assert parse(f"/v1.45/build{text}") == Target("/build", "1.45", query)


def test_the_query_of_an_absolute_target_begins_at_the_first_question_mark() -> None:
    assert refused("http://docker?x=/v1.45/containers/create") == ("uri-not-clean", "path")


def test_the_query_cannot_be_changed_after_reading() -> None:
    query = parse("/build?networkmode=none").query

    with pytest.raises(TypeError):
        query["networkmode"] = ("host",)  # type: ignore[index]


# dockerd takes what follows # as query, other readers drop it; `#%zz` hides the body from the plugin.
FRAGMENTS = [
    "/v1.45/services/create?#%zz",
    "http://d/v1.45/service%73/create?x=1#%",
    "/v1.45/containers/create?name=web#%zz",
    "/containers/create?name=web#%",
    "/build?#&networkmode=host",
    "/containers/create#",
    "#",
]


@pytest.mark.parametrize("uri", FRAGMENTS)
def test_a_fragment_is_refused(uri: str) -> None:
    assert refused(uri) == ("uri-fragment", "")


UNDECODABLE = {
    "bad-escape-in-the-query": ("/v1.45/build?x=%zz&t=web&networkmode=host", ""),
    "bad-escape-in-the-path": ("/containers/%zzcreate", ""),
    "half-an-escape": ("/containers/create%6", ""),
    "lone-percent": ("/containers/create?name=%", ""),
    "bad-escape-in-the-host": ("http://%zz/containers/create", ""),
    "raw-nul": ("/containers/create\x00", ""),
    "raw-line-break": ("/containers/create?a=b\n", ""),
    "raw-escape-character": ("/containers/\x1b[2J/json", ""),
    "raw-delete": ("/containers/\x7f/json", ""),
    "raw-c1": ("/containers/\x9b/json", ""),
    "byte-lost-in-the-envelope": ("/containers/\ufffd/exec", ""),
    "half-a-surrogate-pair": ("/containers/\ud800/exec", "path"),
    "half-a-surrogate-pair-in-the-query": ("/build?t=\udc00", "query"),
    "not-utf-8-in-the-path": ("/containers/%FF/json", "path"),
    "overlong-slash": ("/containers%C0%AFcreate", "path"),
    "not-utf-8-in-the-query": ("/build?t=%FF", "query"),
    "not-utf-8-in-a-name": ("/build?%FF=t", "query"),
    "escaped-nul": ("/containers/create%00", "path"),
    "escaped-line-break": ("/containers/a%0Ab/json", "path"),
    "escaped-c1": ("/containers/%C2%9B/json", "path"),
    "escaped-nul-in-the-query": ("/build?t=%00", "query"),
    "escaped-escape-character-in-the-query": ("/build?t=%1b", "query"),
}


@pytest.mark.parametrize(("uri", "place"), UNDECODABLE.values(), ids=UNDECODABLE.keys())
def test_what_does_not_decode_is_refused(uri: str, place: str) -> None:
    assert refused(uri) == ("uri-undecodable", place)


def test_an_escaped_replacement_character_is_a_character() -> None:
    assert parse("/containers/%EF%BF%BD/json").path == "/containers/\ufffd/json"


UNCLEAN = {
    "nothing": "",
    "asterisk": "*",
    "no-leading-slash": "containers/create",
    "only-a-query": "?name=web",
    "opaque": "foo:bar",
    "opaque-with-a-slash": "foo:v1.45/containers/create",
    "no-scheme": ":/containers/create",
    "no-path": "http://docker",
    "host-and-port": "docker:2375",
    "network-path": "//docker/v1.45/containers/create",
    "double-slash": "/v1.45//containers/create",
    "double-slash-after-the-host": "http://docker//containers/create",
    "double-slash-at-the-end": "/containers/create//",
    "dots": "/v1.45/images/../containers/create",
    "dots-after-auth": "/v1.45/auth/../containers/create",
    "escaped-dots": "/v1.45/%2e%2e/containers/create",
    "escaped-dots-in-a-name": "/v1.45/plugins/%2e/../portero/disable",
    "escaped-slash-and-dots": "/images/a%2F..%2Fb/json",
    "escaped-double-slash": "/images/a%2F%2Fb/json",
    "dot": "/v1.45/./containers/create",
    "dot-at-the-end": "/containers/create/.",
    "dots-at-the-end": "/containers/create/x/..",
    "dots-in-place-of-a-version": "/../containers/create",
    "only-a-dot": "/.",
}


@pytest.mark.parametrize("uri", UNCLEAN.values(), ids=UNCLEAN.keys())
def test_a_path_that_dockerd_would_redirect_or_refuse_is_refused(uri: str) -> None:
    assert refused(uri) == ("uri-not-clean", "path")


@pytest.mark.parametrize("name", ["..a", "a..", "...", ".a", "a.b"])
def test_dots_inside_a_name_are_clean(name: str) -> None:
    assert parse(f"/containers/{name}/json").path == f"/containers/{name}/json"


@pytest.mark.parametrize("uri", ["/build?t=a;networkmode=host", "/containers/create?;", "/build?a=b&c;d"])
def test_a_semicolon_in_the_query_is_refused(uri: str) -> None:
    assert refused(uri) == ("uri-query-ambiguous", "query")


def test_a_semicolon_in_the_path_is_a_character() -> None:
    assert parse("/containers/a;b/json").path == "/containers/a;b/json"


# A busy machine is no fault of the code.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
URIS = st.text() | st.text(alphabet="/v1.45%2eF?&=#;:abz\u017f\x00", max_size=40)


def outcome(uri: str) -> Target | str:
    try:
        return parse(uri)
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
