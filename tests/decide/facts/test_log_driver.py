"""The log driver of containers, services and the swarm; the values of its options stay where they are."""

from typing import Any

import pytest

from portero.decide.facts import log_driver
from portero.decide.facts.log_driver import may_hold_control
from tests.cases import cases

NONE = {"addresses": [], "files": [], "controlCharacters": [], "buffers": [], "owners": []}
AT = "HostConfig.LogConfig.Config"


def read_swarm(spec: Any) -> Any:
    return log_driver.read_swarm(spec, "Spec.")


@pytest.mark.parametrize(("read", "body", "expected", "at"), cases(__file__, "log-drivers.jsonl"))
def test_the_driver_and_the_names_of_its_options_are_reported(read: str, body: Any, expected: Any, at: str) -> None:
    found = read_swarm(body) if read == "read_swarm" else getattr(log_driver, read)(body)

    assert found == {"driver": "", "options": [], **NONE, **expected, "at": at}


@pytest.mark.parametrize(("option", "value", "scheme", "address", "local"), cases(__file__, "log-addresses.jsonl"))
def test_an_address_has_a_scheme_and_is_local_or_not(
    option: str, value: str, scheme: str, address: str, local: bool
) -> None:
    expected = {"name": option, "scheme": scheme, "address": address, "local": local, "at": f"{AT}[*]"}

    assert log_driver.parse_options({option: value}, AT)["addresses"] == [expected]


@pytest.mark.parametrize("option", ["awslogs-credentials-endpoint", "awslogs-group", "tag"])
def test_a_path_is_no_address(option: str) -> None:
    assert log_driver.parse_options({option: "/ecs/web"}, AT)["addresses"] == []


@pytest.mark.parametrize("word", ["print", "Command", "ContainerArgs", "ContainerEntrypoint", "ContainerEnv", "Config"])
def test_a_template_with_text_of_the_container_can_make_a_control_character(word: str) -> None:
    assert log_driver.parse_options({"tag": f"{{{{.{word}}}}}"}, AT)["controlCharacters"] != []


@pytest.mark.parametrize("option", ["syslog-tls-ca-cert", "syslog-tls-cert", "syslog-tls-key", "splunk-capath"])
def test_each_option_that_names_a_file_is_found_unless_empty(option: str) -> None:
    assert log_driver.parse_options({option: "/etc/shadow"}, AT)["files"] == [{"name": option, "at": f"{AT}[*]"}]
    assert log_driver.parse_options({option: ""}, AT)["files"] == []


@pytest.mark.parametrize(("value", "size"), [("4m", 4 << 20), ("100g", 100 << 30), ("1.5k", 1536), ("many", None)])
@pytest.mark.parametrize("option", ["max-buffer-size", "fluentd-buffer-limit"])
def test_each_option_that_holds_output_has_its_size(option: str, value: str, size: int | None) -> None:
    found = {"name": option, "bytes": size, "at": f"{AT}[*]"}

    assert log_driver.parse_options({option: value}, AT)["buffers"] == [found]
    assert log_driver.parse_options({option: ""}, AT)["buffers"] == []


def test_a_control_character_in_a_name_counts() -> None:
    assert log_driver.parse_options({"a\n": ""}, AT)["controlCharacters"] == [{"name": "a\n", "at": f"{AT}[*]"}]


@pytest.mark.parametrize(
    ("option", "value", "found"),
    [
        ("tag", "x\nMAINPID=1", True),
        ("labels", "a\x7f", True),
        ("tag", "{{.Command}}", True),
        ("tag", "{{index .ContainerEnv 0}}", True),
        ("tag", "back\\slash", False),
        ("env-regex", "^(a|b)\\d", False),
    ],
)
def test_control_characters_and_templates_that_can_make_one_are_found(option: str, value: str, found: bool) -> None:
    assert bool(log_driver.parse_options({option: value}, AT)["controlCharacters"]) is found


@pytest.mark.parametrize(
    "tag",
    [
        *("{{.ContainerLabels.x}}", '{{index .ContainerLabels "x"}}', "{{(.ExtraAttributes nil).x}}", "{{.Command}}"),
        *("{{.}}", "{{ . }}", "{{$}}", "{{$.ContainerLabels.x}}", "{{.Config.x}}", "{{with .}}{{.}}{{end}}"),
        *("{{with .Name}}{{end}}{{.}}", "{{with .Name}}{{else}}{{.}}{{end}}", "{{if .Name}}{{.}}{{end}}"),
        *("{{with .Name}}{{else with .ID}}{{.}}{{end}}", "{{with $x := .ContainerLabels}}{{end}}{{len $x}}"),
        *('{{"\\n"}}', '{{printf "%c" 10}}', "{{print .Name}}", "{{.Name}}" * 201, "{{.Name" + " " * 2000 + "}}"),
        "{{with .Name}}{{if .}}{{end}}{{end}}{{.}}",
    ],
)
def test_it_may(tag: str) -> None:
    assert may_hold_control(tag)


@pytest.mark.parametrize(
    "tag",
    [
        *("", "plain", "back\\slash", "{{.ImageName}}/{{.Name}}/{{.ID}}", "{{- .DaemonName -}}", "{{.Name}}" * 200),
        *("{{if .Name}}{{.Name}}{{else}}{{.ID}}{{end}}", '{{with split .ImageName ":"}}{{join . "_"}}{{end}}'),
        *(
            "{{truncate .FullID 20 | upper}}",
            '{{if eq .Name "a.b"}}x{{end}}',
            "{{with .Name}}{{if .}}{{.}}{{end}}{{end}}",
        ),
    ],
)
def test_it_may_not(tag: str) -> None:
    assert not may_hold_control(tag)


@pytest.mark.parametrize(("option", "value", "found"), cases(__file__, "log-owners.jsonl"))
def test_a_variable_or_label_that_may_say_whose_a_line_is_is_found(option: str, value: str, found: bool) -> None:
    expected = [{"name": option, "at": f"{AT}[*]"}] if found else []

    assert log_driver.parse_options({option: value}, AT)["owners"] == expected
