"""The text that a person reads: one screen, worst first, what to try and where to read more."""

import re
from dataclasses import replace
from itertools import product

import pytest

from portero.decide.decision import Decision, Subject, Violation
from portero.decide.judging import denial
from portero.decide.values.denial_parts import Proposed, Wording
from portero.decide.values.refusals import CODES
from portero.observe.stores.api_tables import load_api
from portero.observe.stores.policy_loader import load_policy
from tests.decided import decided
from tests.paths import SCHEMAS

ID = "d-7f3a00000000"
MORE = "  more: portero explain"
# Of a place: each has the text after it wrapped elsewhere.
LENGTHS = range(1, 60)


def denied(rule: str, place: str = "HostConfig.Privileged", action: str = "deny") -> Violation:
    remedy = {"docker": "drop --privileged", "compose": "remove privileged: true"}
    return Violation(rule, "baseline", place, action, "It can take over the host.", remedy)  # type: ignore[arg-type]


def decision(
    *violations: Violation, client: str = "Docker-Client/26.1.5", operation: str = "ContainerCreate"
) -> Decision:
    subject = Subject(operation=operation, client=client, by_compose="compose" in client)
    return decided(*violations, id=ID, subject=subject, profile="baseline")


def text(*violations: Violation, **how: str) -> str:
    return denial.write_denial(decision(*violations, **how))


def unwrapped(told: str) -> str:
    return " ".join(told.split())


def test_one_violated_rule_gives_its_id_place_reason_and_remedy() -> None:
    assert text(denied("no-privileged")) == (
        f"ContainerCreate refused [{ID}]\n"
        "  no-privileged  HostConfig.Privileged: It can take over the host. Drop\n"
        "                 --privileged.\n"
        f"{MORE} no-privileged"
    )


def test_a_rule_violated_in_two_places_is_told_once_with_both() -> None:
    told = text(denied("no-devices", "HostConfig.Devices[0]"), denied("no-devices", "HostConfig.Devices[1]"))

    assert "no-devices HostConfig.Devices[0], HostConfig.Devices[1]: It can take" in unwrapped(told)
    assert told.count("take over") == 1


def test_reasons_stand_below_each_other() -> None:
    lines = text(denied("a"), denied("a-long-rule")).split("\n")

    assert lines[1].startswith("  a            HostConfig")
    assert lines[3].startswith("  a-long-rule  HostConfig")


@pytest.mark.parametrize("action", ["audit", "waived"])
def test_what_is_reported_or_waived_is_not_part_of_a_denial(action: str) -> None:
    assert "no-host-pid" not in text(denied("no-privileged"), denied("no-host-pid", action=action))


def test_a_default_of_the_daemon_is_called_one() -> None:
    of_daemon = replace(denied("no-log-none", "HostConfig.LogConfig"), default=True)

    assert "no-log-none  HostConfig.LogConfig (the daemon's default): It can" in text(of_daemon)


def test_a_compose_user_reads_what_to_change_in_the_compose_file_and_how_to_see_all() -> None:
    told = text(denied("no-privileged"), client="compose/2.26.1")

    assert "Remove privileged: true." in unwrapped(told)
    assert "portero check compose.yaml shows all at once" in unwrapped(told)
    assert "check compose.yaml" not in text(denied("no-privileged"))


def test_what_could_not_be_read_is_still_named() -> None:
    assert text(denied("envelope-empty", ""), operation="").startswith(
        f"request refused [{ID}]\n  envelope-empty  It can"
    )


def test_a_flood_of_violations_of_one_rule_is_counted() -> None:
    told = text(*(denied("no-devices", f"HostConfig.Devices[{n}]") for n in range(500)))

    assert "HostConfig.Devices[101] and 497 more: " in unwrapped(told)


def test_many_rules_fit_on_a_screen_with_the_worst_in_full_and_the_others_by_name() -> None:
    lines = text(*(denied(f"rule-{n}") for n in range(12))).split("\n")

    assert len(lines) <= denial.MAX_LINES
    assert lines[1].startswith("  rule-0   HostConfig.Privileged: It can")
    assert lines[-2].startswith("  and 3 more: rule-7, rule-8, rule-9")
    assert lines[-1] == f"{MORE} rule-0"


def test_no_line_is_wider_than_a_terminal() -> None:
    told = text(*(denied(f"a-rule-with-quite-a-long-name-{n}", f"HostConfig.Binds[{n}]") for n in range(5)))

    assert max(map(len, told.split("\n"))) <= 80


def test_a_long_place_is_cut_and_control_characters_do_not_reach_the_terminal() -> None:
    assert "X" * 200 not in text(denied("unknown-field", "X" * 5000))
    assert "\x1b" not in text(denied("unknown-field", "HostConfig.\x1b[31mX"))


PROPOSED = Proposed(
    "docker run",
    add=(("-m", "512m"), ("-v", "/a b:/b:ro")),
    instead=(("-v", "/a b:/b"),),
    without=(("--privileged",), ("--pid", "host")),
    line="docker run -m 512m -v '/a b:/b:ro' …  (instead of -v '/a b:/b'; without --privileged, --pid host)",
)


def text_with(suggestion: Proposed, refused: Decision | None = None) -> str:
    return denial.write_denial(replace(refused or decision(denied("no-privileged")), suggestion=suggestion))


def test_what_may_be_tried_stands_in_one_line_of_fixed_grammar() -> None:
    told = text_with(PROPOSED)

    assert unwrapped(told.partition("  try: ")[2].partition("  more: ")[0]) == (
        "docker run -m 512m -v '/a b:/b:ro' … (instead of -v '/a b:/b'; without --privileged, --pid host)"
    )
    assert "try:" not in text(denied("no-privileged"))


@pytest.mark.parametrize("last", [[], ["…"]])
def test_a_word_that_is_longer_than_a_line_stands_in_a_line_of_its_own(last: list[str]) -> None:
    path = "/" + "x" * 100

    told = text_with(replace(PROPOSED, line=" ".join(["docker run -v", f"{path}:/b", path, *last]), still=()))

    lines = ["docker run -v", *(f"       {word}" for word in (f"{path}:/b", path, *last))]
    assert told.partition("  try: ")[2].split("\n")[: len(lines)] == lines


def test_a_compose_user_reads_the_keys_to_try() -> None:
    refused = decision(denied("no-privileged"), client="compose/2.26.1")

    keys = "the service in the compose file with {mem_limit: 512m}"
    assert f"  try: {keys}\n" in text_with(replace(PROPOSED, line=keys), refused)
    assert "try:" not in text_with(replace(PROPOSED, line=""), refused)


def test_the_remedy_is_left_out_where_the_line_to_try_has_it_and_kept_where_the_rule_still_refuses() -> None:
    told = unwrapped(text_with(replace(PROPOSED, still=("no-privileged",))))

    assert "Drop --privileged" not in unwrapped(text_with(PROPOSED))
    assert "then still denied by: no-privileged more:" in told
    assert "Drop --privileged" in told


def test_what_the_line_to_try_leaves_open_is_told_before_what_it_solves() -> None:
    solved = [denied(f"a-rule-{n}") for n in range(12)]
    partly = replace(PROPOSED, still=("image-tag", "no-default-bridge"))
    refused = decision(*solved, denied("image-tag", "Image"), denied("no-default-bridge", "HostConfig.NetworkMode"))
    told = text_with(partly, refused)

    shown = re.findall(r"^  (\S+)  ", told, re.MULTILINE)
    assert (shown[0], *shown[-2:]) == ("a-rule-0", "image-tag", "no-default-bridge")
    assert len(shown) < len(solved)
    assert "image-tag Image: It can take over the host. Drop --privileged." in unwrapped(told)


def test_no_more_than_four_entries_are_told_past_the_end_of_the_screen() -> None:
    refused = decision(*(denied(f"rule-{n}") for n in range(12)))
    partly = replace(PROPOSED, still=tuple(f"rule-{n}" for n in range(1, 12)))

    assert "and 7 more: " in unwrapped(text_with(partly, refused))


def test_a_list_of_reasons_names_what_the_line_to_try_leaves_open() -> None:
    partly = replace(decision(denied("no-privileged")), suggestion=replace(PROPOSED, still=("no-privileged",)))

    assert [*denial.list_reasons(partly)][-2:] == [
        f"  try: {PROPOSED.line}",
        "  then still denied by: no-privileged",
    ]


def test_a_list_of_reasons_has_many_in_whole_lines_and_counts_the_rest() -> None:
    refused = decision(*(denied(f"rule-{number:03}", "HostConfig.Devices") for number in range(500)))
    lines = [*denial.list_reasons(refused)]

    assert lines[0] == "  rule-000  HostConfig.Devices: It can take over the host. Drop --privileged."
    assert (len(lines), lines[-1]) == (denial.MAX_LISTED + 1, "  ... and 480 more")


@pytest.mark.parametrize(
    ("cause", "operation", "headline"),
    [
        ("build", "ContainerInspect", "Build (ContainerInspect) refused"),
        ("build", "ImageBuild", "ImageBuild refused"),
        ("mount", "ContainerInspect", "ContainerInspect refused"),
    ],
)
def test_what_a_build_asks_for_first_is_called_a_build(cause: str, operation: str, headline: str) -> None:
    violation = replace(denied("unseen-buildkit"), wording=Wording("unseen-buildkit", cause=cause))

    assert text(violation, operation=operation).startswith(f"{headline} [{ID}]\n")


POLICY = load_policy([SCHEMAS], load_api()[0].operations)
TEXTS = {
    # A name of a fact stands for its value.
    **{rule.id: (re.sub(r"\{[\w:]+\}", "value", rule.reason), rule.remedy) for rule in POLICY.rules.values()},
    **{code: (refusal.reason, {"docker": refusal.remedy}) for code, refusal in CODES.items()},
    "json": ("It has none.", {"docker": """write "builder": {"gc": {"enabled": true}} and {{.ID}}, {{.Name}} there"""}),
}


def test_no_line_begins_with_a_brace_since_compose_shows_none_of_json() -> None:
    for (name, (reason, remedy)), length in product(TEXTS.items(), LENGTHS):
        violation = Violation(name, "baseline", "x" * length, "deny", reason, remedy)
        for client in ("Docker-Client/26.1.5", "compose/2.40.3"):
            told = denial.write_denial(decision(violation, client=client))
            assert [line for line in told.split("\n") if line.lstrip().startswith("{")] == [], told


def test_each_remedy_is_understood_by_who_sees_no_other() -> None:
    assert [name for name, (_, remedy) in TEXTS.items() if "as for docker" in " ".join(remedy.values()).lower()] == []


def test_an_archive_that_is_imported_is_no_build() -> None:
    wording = Wording("unseen-device-nodes", cause="build")
    imported = replace(denied("unseen-device-nodes", "?fromSrc"), wording=wording)

    assert text(imported, operation="ImageCreate").startswith(f"ImageCreate refused [{ID}]\n")
    pulled = replace(imported, at="?fromImage")
    assert text(pulled, operation="ImageCreate").startswith(f"Build (ImageCreate) refused [{ID}]\n")


def wrap_everywhere(remedy: str) -> list[str]:
    """Denials with this remedy, each wrapped at another place."""
    told = [Violation("x", "baseline", "x" * length, "deny", "Open.", {"docker": remedy}) for length in LENGTHS]
    return [denial.write_denial(decision(violation)) for violation in told]


def test_a_command_in_backticks_stays_on_one_line() -> None:
    for told in wrap_everywhere("have root run `portero devices close`, then `systemctl restart docker`, where used"):
        assert "`portero devices close`" in told
        assert "`systemctl restart docker`" in told


def test_a_command_longer_than_a_line_leaves_those_after_it_whole() -> None:
    long = f"`portero images fetch {' '.join(['registry.example.com/team/app:1.4.2'] * 3)}`"
    for told in wrap_everywhere(f"run {long} and then `systemctl restart docker`, or `portero status` as root"):
        assert "`systemctl restart docker`" in told
        assert "`portero status`" in told
        # As full as any other line.
        assert len([line for line in told.split("\n") if "registry.example.com" in line]) <= 3


def test_the_first_line_names_what_would_be_made() -> None:
    named = replace(decision(denied("no-privileged")), subject=Subject("ContainerCreate", made="service web"))

    assert denial.write_denial(named).startswith(f"ContainerCreate of service web refused [{ID}]\n")


def test_where_the_operation_itself_is_refused_no_limit_is_advised() -> None:
    wording = Wording("limits", part=("no limit on", "CPU"))
    limit = Violation(
        "cpu-limit", "baseline", "?cpuquota", "deny", "It has none.", {"docker": "--cpus 1"}, wording=wording
    )
    outright = Violation("no-classic-builds", "baseline", "operation", "deny", "It hides.", {"docker": "use BuildKit"})

    alone, both = text(limit), text(limit, outright)

    assert "--cpus 1" in alone
    assert both.splitlines()[1:3] == [
        "  no-classic-builds  It hides. Use BuildKit.",
        "  cpu-limit          no limit on CPU.",
    ]


def test_whom_to_ask_is_the_last_line() -> None:
    asked = replace(decision(denied("no-privileged")), contact="#platform")

    assert denial.write_denial(asked).endswith(f"{MORE} no-privileged\n  ask: #platform")


def test_a_release_with_an_address_names_the_page_of_the_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(denial, "__address__", "https://docs.example.org/portero")

    assert text(denied("no-privileged")).endswith(
        f"{MORE} no-privileged, https://docs.example.org/portero/rules/no-privileged.html"
    )
