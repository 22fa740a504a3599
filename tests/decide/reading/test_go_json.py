import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portero.decide.reading.go_json import MAX_DEPTH, Pairs, Tree, _may_be_deep, make_tree, parse_json
from portero.decide.values.refusals import Refused
from tests.cases import cases
from tests.refusing import find_refusal

# Each byte is the character with its number.
_LINES = cases(__file__, "malformed.jsonl")
_REFUSED = {line["name"]: (line["data"].encode("latin-1"), line["code"]) for line in _LINES} | {
    "6000 digits": (b'{"x":' + b"9" * 6000 + b"}", "body-number"),
    "a list too deep": (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "body-too-deep"),
    "an object too deep": (b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1), "body-too-deep"),
    "a list too deep after a long text": (
        b'["%s",%s%s]' % (b"x" * (1 << 15), b"[" * MAX_DEPTH, b"]" * MAX_DEPTH),
        "body-too-deep",
    ),
    "5000 lists": (b"[" * 5000 + b"]" * 5000, "body-too-deep"),
    "a million open brackets": (b"[" * 1_000_000, "body-too-deep"),
}

_CODES = {code for _, code in _REFUSED.values()}


@pytest.mark.parametrize(("data", "code"), _REFUSED.values(), ids=_REFUSED.keys())
def test_what_readers_may_differ_on_is_refused(data: bytes, code: str) -> None:
    assert find_refusal(parse_json, data) == (code, "")


def test_an_object_keeps_its_names_in_order_and_twice() -> None:
    assert parse_json(b'{"b":1,"a":{},"b":[null]}') == Pairs((("b", 1), ("a", Pairs()), ("b", [None])))


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        pytest.param(b" \t\r\n[ 1 ,\n2 ]\r\n", [1, 2], id="white space around the document"),
        pytest.param(b"1" * 20, int("1" * 20), id="20 digits"),
        pytest.param(b"-" + b"1" * 20, -int("1" * 20), id="20 digits and a sign"),
        pytest.param(b"[18446744073709551615,-9223372036854775808]", [2**64 - 1, -(2**63)], id="docker's largest"),
        pytest.param(b'"\\u0048ost\\u005cu0041\\ud83d\\ude00"', "Host\\u0041\U0001f600", id="escapes, once"),
    ],
)
def test_a_document_is_read(data: bytes, tree: Tree) -> None:
    assert parse_json(data) == tree


def test_a_wide_document_is_not_deep() -> None:
    assert parse_json(b"[" + b"[]," * 5000 + b"{}]") == [*([[]] * 5000), Pairs()]


@pytest.mark.parametrize("side", [b"[%s]", b"[[],%s]", b"[%s,[]]", b'{"a":[],"b":%s}'])
def test_one_deep_place_in_a_wide_document_is_too_deep(side: bytes) -> None:
    deep = side % (b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    assert find_refusal(parse_json, deep) == ("body-too-deep", "")


def test_the_deepest_allowed_nesting_is_allowed() -> None:
    tree = parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)

    assert MAX_DEPTH == 64
    for _ in range(MAX_DEPTH - 1):
        assert isinstance(tree, list)
        (tree,) = tree
    assert tree == []


@given(st.binary())
def test_any_bytes_are_a_tree_or_refused(data: bytes) -> None:
    _parse_or_refuse(data)


@given(st.text(alphabet='{}[]:,"\\u1e+-.0 \n\ud7ffna').map(str.encode))
def test_anything_like_json_is_a_tree_or_refused(data: bytes) -> None:
    _parse_or_refuse(data)


_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(_VALUES, st.booleans())
def test_every_json_document_is_read_as_what_it_is(value: Any, ascii_only: bool) -> None:
    assert _plain(parse_json(json.dumps(value, ensure_ascii=ascii_only).encode())) == value


def _parse_or_refuse(data: bytes) -> None:
    code, tree = "", None
    try:
        tree = parse_json(data)
    except Refused as refused:
        code = refused.code
    if code:
        assert code in _CODES
    else:
        assert json.dumps(_plain(tree)) == json.dumps(json.loads(data))


def _plain(tree: Tree) -> Any:
    if isinstance(tree, Pairs):
        return {name: _plain(value) for name, value in tree}
    return [_plain(item) for item in tree] if isinstance(tree, list) else tree


@example(b"a" * (1 << 15) + b"[" * MAX_DEPTH)
@given(st.lists(st.sampled_from([b"{", b"[", b"[" * MAX_DEPTH, b"{" * (MAX_DEPTH - 1), b"]", b"a"])).map(b"".join))
def test_what_has_no_more_brackets_than_levels_is_not_deep(data: bytes) -> None:
    assert _may_be_deep(data) is (data.count(b"{") + data.count(b"[") > MAX_DEPTH)


def test_a_value_is_read_as_if_it_had_come_as_json() -> None:
    assert make_tree({"A": [1, None, "\N{GRINNING FACE}"]}) == parse_json(b'{"A": [1, null, "\\ud83d\\ude00"]}')
    assert make_tree(json.loads("[" * MAX_DEPTH + "]" * MAX_DEPTH)) == parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        *((value, "body-not-utf8") for value in ("\ud800", {"\ud800": 1}, ["a\udfff"])),
        *((value, "body-number") for value in (10**20, -(10**20), float("inf"), float("nan"))),
        (json.loads("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)), "body-too-deep"),
    ],
)
def test_a_value_that_could_not_have_come_as_json_is_refused(value: Any, code: str) -> None:
    with pytest.raises(Refused, match=code):
        make_tree(value)
