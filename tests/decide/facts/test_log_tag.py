"""A tag can hold a control character by its escapes and by fields that anything may stand in."""

import pytest

from portero.decide.facts.log_tag import may_hold_control


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
