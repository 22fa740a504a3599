"""Go templates that can grow are found at their places, and plain ones are not."""

import time
from base64 import b64encode
from typing import Any

import pytest

from portero.decide.facts import templates
from tests.cases import cases

AT = "HostConfig.LogConfig.Config[*]"


def of_tag(tag: str) -> list[Any]:
    return templates.read_create({"LogConfig": {"Type": "json-file", "Config": {"tag": tag}}})


@pytest.mark.parametrize("tag", cases(__file__, "growing-templates.jsonl"))
def test_a_template_that_can_grow_is_found(tag: str) -> None:
    assert of_tag(tag) == [{"at": AT}]


@pytest.mark.parametrize(
    "tag",
    [
        *("", "plain", "range {{.Name}} template {{.ID}}", "{{.ImageName}}/{{.Name}}/{{.ID}}", "{{.Name}}" * 200),
        *('{{ index .Service.Labels "com.docker.stack.range" }}', "{{.Service.Labels.range}}", "{{/* range */}}x"),
        *("{{if eq .Task.Slot 1}}a{{else}}b{{end}}", "{{with .Name}}{{.}}{{end}}", "{{(.ExtraAttributes nil).range}}"),
        '{{with split .ImageName ":"}}{{join . "_"}}{{end}}',
        *("{{`print`}}", "{{upper .Name | truncate 9}}", "{{$range := .Name}}{{$range}}", "{{- .Name -}}"),
        # Go reads no template that does not end.
        *("{{/* {{range 9}}x{{end}}", "{{", "}}{{"),
    ],
)
def test_a_plain_template_is_not(tag: str) -> None:
    assert of_tag(tag) == []


GROWS = "{{range 9}}x{{end}}"
SPEC = "TaskTemplate.ContainerSpec"


@pytest.mark.parametrize(
    ("task", "at"),
    [
        ({"LogDriver": {"Options": {"tag": GROWS}}}, "TaskTemplate.LogDriver.Options[*]"),
        ({"ContainerSpec": {"Env": ["A=b", f"C={GROWS}"]}}, f"{SPEC}.Env[1]"),
        ({"ContainerSpec": {"Hostname": GROWS}}, f"{SPEC}.Hostname"),
        ({"ContainerSpec": {"Mounts": [{"Source": GROWS}]}}, f"{SPEC}.Mounts[0]"),
        ({"ContainerSpec": {"Mounts": [{"Target": GROWS}]}}, f"{SPEC}.Mounts[0]"),
        ({"ContainerSpec": {"Mounts": [{"VolumeOptions": {"Labels": {"a": GROWS}}}]}}, f"{SPEC}.Mounts[0]"),
        (
            {"ContainerSpec": {"Mounts": [{}, {"VolumeOptions": {"DriverConfig": {"Options": {"a": GROWS}}}}]}},
            f"{SPEC}.Mounts[1]",
        ),
        ({"ContainerSpec": {"Args": [GROWS], "Dir": GROWS, "Labels": {"a": GROWS}}}, None),
    ],
)
def test_swarm_expands_them_in_some_fields_of_a_service(task: Any, at: str | None) -> None:
    assert templates.read_service(task) == ([{"at": at}] if at else [])


def test_a_swarm_has_a_log_driver_for_services_that_name_none() -> None:
    spec: Any = {"TaskDefaults": {"LogDriver": {"Name": "json-file", "Options": {"tag": GROWS}}}}

    assert templates.read_swarm(spec, "Spec.") == [{"at": "Spec.TaskDefaults.LogDriver.Options[*]"}]


@pytest.mark.parametrize(
    ("templating", "data", "found"),
    [
        ({"Name": "golang"}, GROWS, True),
        ({"Name": "golang"}, '{{secret "password"}} {{env "HOME"}} and a range', False),
        (None, GROWS, False),
    ],
)
def test_the_data_of_a_secret_or_config_counts_with_templating(templating: Any, data: str, *, found: bool) -> None:
    body: Any = {"Data": b64encode(data.encode()).decode(), "Templating": templating}

    assert templates.read_secret(body) == ([{"at": "Data"}] if found else [])


def test_data_that_dockerd_does_not_decode_is_none() -> None:
    assert templates.read_secret({"Data": "*", "Templating": {"Name": "golang"}}) == []


@pytest.mark.parametrize("piece", ["{{", "{{/*", "{{/*}}", '{{"', "{{`}}", "}}", "{{.Name}}", '"', "{{''", "{{.a "])
def test_a_hostile_template_is_read_in_time(piece: str) -> None:
    began = time.process_time()

    of_tag(piece * (4_000_000 // len(piece)))

    assert time.process_time() - began < 1.0
