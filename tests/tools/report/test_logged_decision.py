"""`portero explain DECISION-ID`: the story of one decision, found in logs and rotated logs."""

from pathlib import Path

import pytest
from click.testing import Result

from tests.tools.cli.running import portero, read_json
from tests.tools.report.decisions import line, violation

ID = "d-0123456789ab"


OTHER = "d-ba9876543210"


def explain(folder: Path, content: bytes, *options: str) -> Result:
    """What is said of the decision in a log with this content."""
    (folder / "log.jsonl").write_bytes(content)
    return portero("explain", ID, "--all", "--log", folder / "log.jsonl", *options)


def test_the_story_of_a_decision_tells_when_who_what_and_each_reason(tmp_path: Path) -> None:
    broken = [
        violation(),
        violation("image-digest", "audit", level="advisory", at="Image"),
        violation("no-host-network", "waived", exception="probe", at=""),
        violation("gone-rule", "audit"),
    ]
    result = explain(tmp_path, line(id=OTHER) + line(*broken))

    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0] == f"{ID}: ContainerCreate was denied"
    assert "when     2026-11-24T16:00:00.123Z" in lines
    assert "who      alice" in lines
    assert "what     POST /containers/create, image busybox, API 1.45" in lines
    assert "under    profile hardened, mode enforce" in lines
    assert f"policy   {'ab' * 6}, not the current one: rules may have changed" in lines
    assert "took     0.8 ms" in lines
    at = lines.index("denied by no-privileged at HostConfig.Privileged")
    assert lines[at + 1].startswith("  reason     A privileged container ")
    assert lines[at + 2].startswith("  docker     ")
    assert "reported by image-digest (does not deny under this profile) at Image" in lines
    waived = lines.index("waived: no-host-network is violated, an exception waives it")
    assert lines[waived + 1] == "  exception  probe"
    gone = lines.index("would be denied by gone-rule (only logged: action or mode audit) at HostConfig.Privileged")
    assert lines[gone + 1] == "  the current policy has no such rule; name its folder with --policy"


@pytest.mark.parametrize(("refusing", "shown", "left_out"), [(2, 2, ""), (5, 5, ""), (9, 4, "  and 6 more")])
def test_what_refused_comes_first_in_ten_lines(tmp_path: Path, refusing: int, shown: int, left_out: str) -> None:
    broken = [violation("image-digest", "audit", level="advisory", at="Image")] if refusing == 9 else []
    broken += [violation(f"rule-{number}", requested="4g", allowed="at most 1g") for number in range(refusing)]
    tried = {"add": [["-m", "1g"]], "instead": [], "without": []}
    (tmp_path / "log.jsonl").write_bytes(line(*broken, **{"try": tried}))

    lines = portero("explain", f"[{ID}].", "--log", tmp_path / "log.jsonl").output.splitlines()

    assert lines[0] == f"{ID}: ContainerCreate was denied"
    assert lines[1 : shown + 1] == [
        f"  denied by rule-{number} at HostConfig.Privileged: 4g asked, at most 1g" for number in range(shown)
    ]
    assert lines[shown + 1 :] == [
        *([left_out] if left_out else []),
        "try      docker run -m 1g …",
        "when     2026-11-24T16:00:00.123Z",
        "who      alice",
        f"more     portero explain {ID} --all: remedies, and under which policy",
    ]
    assert len(lines) <= 10


def test_the_story_tells_what_was_asked_what_is_allowed_and_what_to_try(tmp_path: Path) -> None:
    near = "probe matches all but facts.image.repository: library/nginx is not netops/probe"
    broken = [
        violation("memory-limit", at="HostConfig.Memory", requested="4g", allowed="at most 1g") | {"nearMiss": near},
        violation("image-digest", "audit", level="advisory", at="Image"),
    ]
    tried = {
        "add": [["-m", "1g"], ["-v", "/a b:/b:ro"]],
        "instead": [["-m", "4g"]],
        "without": [["--privileged"]],
        "still": ["image-tag"],
    }
    lines = explain(tmp_path, line(*broken, **{"try": tried})).output.splitlines()
    document = read_json(portero("explain", ID, "--log", tmp_path / "log.jsonl", "--json"))

    at = lines.index("denied by memory-limit at HostConfig.Memory")
    assert {"  requested  4g", "  allowed    at most 1g", f"  near miss  {near}"} <= {*lines[at + 1 : at + 4]}
    proposal = lines.index("try      docker run -m 1g -v '/a b:/b:ro' …  (instead of -m 4g; without --privileged)")
    assert lines[proposal + 1] == "         then still denied by: image-tag"
    apart = lines.index("Only reported or waived: none of these denied it.")
    assert at < proposal < apart < lines.index("reported by image-digest (does not deny under this profile) at Image")
    assert document["try"] == tried
    told = document["violations"][0]
    assert (told["requested"], told["allowed"], told["nearMiss"]) == ("4g", "at most 1g", near)


def test_the_story_tells_groups_and_how_the_user_is_known(tmp_path: Path) -> None:
    known = line(groups=["dev", "ops"], identifiedBy="token", breakGlass=True)
    lines = explain(tmp_path, known).output.splitlines()

    assert "who      alice (dev, ops) by token" in lines
    assert "under    profile hardened, mode enforce, break-glass: rules were lifted" in lines


def test_the_story_for_machines_has_the_same(tmp_path: Path) -> None:
    story = read_json(
        explain(tmp_path, line(violation("body-hidden", level="always"), operation="", user=""), "--json")
    )

    assert (story["outcome"], story["user"], story["policyIsCurrent"]) == ("refused", "", False)
    assert [(one["rule"], one["outcome"]) for one in story["violations"]] == [("body-hidden", "refused")]
    assert story["violations"][0]["remedy"]["docker"]


def test_an_unknown_value_is_worded(tmp_path: Path) -> None:
    unread = line(operation="", user="", method="", path="", image=None, apiVersion=None)
    lines = explain(tmp_path, unread).output.splitlines()

    assert lines[0] == f"{ID}: a request that could not be read was allowed"
    assert "who      unknown (no client certificate, no token)" in lines
    assert "what     unknown" in lines
