"""YAML is read as nodes: fields with those that `<<` brings, and one sentence for what is invalid."""

import pytest

from portero.tools.compose.yaml_nodes import (
    InvalidYaml,
    find_field,
    find_value,
    list_fields,
    list_items,
    parse,
    read_scalar,
)


def test_own_fields_come_before_those_that_are_merged() -> None:
    node = parse("a: &a {x: 1, y: 1}\nb: &b {<<: *a, z: 1}\nc: {<<: [*b, *a], x: 2}")

    assert [(key.value, read_scalar(value)) for key, value in list_fields(find_value(node, "c"))] == [
        ("x", "2"),
        ("z", "1"),
        ("x", "1"),
        ("y", "1"),
    ]
    assert read_scalar(find_value(find_value(node, "c"), "x")) == "2"
    assert read_scalar(find_value(find_value(node, "c"), "y")) == "1"


def test_a_field_has_the_line_where_it_is_written() -> None:
    found = find_field(find_value(parse("a: &a\n  x: 1\nb: {<<: *a}"), "b"), "x")

    assert found is not None
    assert found[0].start_mark.line == 1


def test_mappings_that_merge_each_other_or_thousands_of_others_are_read_once() -> None:
    levels = "\n".join(f"x{n}: &x{n} {{<<: [*x{n - 1}, *x{n - 1}]}}" for n in range(1, 3000))

    for text in (f"x0: &x0 {{p: 1}}\n{levels}\nlast: {{<<: *x2999}}", "last: &last {p: 1, <<: *last}"):
        assert [key.value for key, _ in list_fields(find_value(parse(text), "last"))] == ["p"]


def test_a_single_value_is_a_list_of_one() -> None:
    assert [read_scalar(each) for each in list_items(parse("[a, b]"))] == ["a", "b"]
    assert [read_scalar(each) for each in list_items(parse("a"))] == ["a"]
    assert list_items(parse("")) == []


@pytest.mark.parametrize("text", ["", "a", "[a]", "{[a]: b}"])
def test_what_is_no_mapping_with_such_a_name_has_no_field(text: str) -> None:
    assert find_field(parse(text), "a") is None
    assert find_value(parse(text), "a") is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: 1\nb: [\n", "is not valid YAML at line 2: what is open there is not closed"),
        ('a: "b\nc: 1\n', "is not valid YAML at line 1: what is open there is not closed"),
        ("a: *b", "is not valid YAML at line 1: found undefined alias"),
        ("a: 1\n---\nb: 1", "has more than one YAML document; split it"),
        ("[" * 3000, "is not valid YAML: nested too deep, or not text"),
        (b"a: \xff", "is not valid YAML"),
    ],
)
def test_what_is_invalid_is_said_in_one_sentence(text: str | bytes, sentence: str) -> None:
    with pytest.raises(InvalidYaml) as invalid:
        parse(text)

    assert str(invalid.value).startswith(sentence)
