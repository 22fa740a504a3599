"""The text that a person reads: rule, place, reason and remedy of every denial, bounded and plain."""

from dataclasses import replace

from portero.decision import Decision, Subject, Violation
from portero.judging import reply


def denied(rule: str, place: str = "HostConfig.Privileged", action: str = "deny") -> Violation:
    remedy = {"docker": "drop --privileged", "compose": "remove privileged: true"}
    return Violation(rule, "baseline", place, action, "It can take over the host.", remedy)  # type: ignore[arg-type]


def text(*violations: Violation, client: str = "Docker-Client/26.1.5", operation: str = "ContainerCreate") -> str:
    subject = Subject(operation=operation, client=client)
    return reply.write_denial(
        Decision(
            id="d-7f3a00000000",
            time=0.0,
            subject=subject,
            violations=violations,
            policy="",
            profile="baseline",
            mode="enforce",
        )
    )


def test_one_violated_rule_gives_its_id_place_reason_and_remedy() -> None:
    assert text(denied("no-privileged")) == (
        "1 rule refuses ContainerCreate [d-7f3a00000000]\n"
        "  no-privileged  HostConfig.Privileged: It can take over the host. -> drop --privileged"
    )


def test_a_rule_violated_in_two_places_counts_once_and_shows_both() -> None:
    lines = text(denied("no-devices", "HostConfig.Devices[0]"), denied("no-devices", "HostConfig.Devices[1]")).split(
        "\n"
    )

    assert lines[0] == "1 rule refuses ContainerCreate [d-7f3a00000000]"
    assert [line.split(":")[0] for line in lines[1:]] == [
        "  no-devices  HostConfig.Devices[0]",
        "  no-devices  HostConfig.Devices[1]",
    ]


def test_reasons_stand_below_each_other() -> None:
    lines = text(denied("a"), denied("a-long-rule")).split("\n")

    assert lines[1].startswith("  a            HostConfig")
    assert lines[2].startswith("  a-long-rule  HostConfig")


def test_a_report_is_not_part_of_a_denial() -> None:
    assert "unseen-login" not in text(denied("no-privileged"), denied("unseen-login", action="audit"))


def test_what_an_exception_waives_is_not_part_of_a_denial() -> None:
    assert "no-host-pid" not in text(denied("no-privileged"), denied("no-host-pid", action="waived"))


def test_a_default_of_the_daemon_is_called_one() -> None:
    of_daemon = replace(denied("no-log-none", "HostConfig.LogConfig"), default=True)

    assert "no-log-none  HostConfig.LogConfig (the daemon's default): It can" in text(of_daemon)


def test_a_compose_user_reads_what_to_change_in_the_compose_file() -> None:
    assert text(denied("no-privileged"), client="compose/2.26.1").endswith("-> remove privileged: true")


def test_what_could_not_be_read_is_still_named() -> None:
    assert text(denied("envelope-empty", ""), operation="").startswith("1 rule refuses the request [d-7f3a00000000]")


def test_a_flood_of_violations_is_cut_and_counted() -> None:
    lines = text(*(denied("no-devices", f"HostConfig.Devices[{n}]") for n in range(500))).split("\n")

    assert len(lines) == reply.MOST_LINES + 2
    assert lines[-1] == "  ... and 480 more, in the decision log under d-7f3a00000000"


def test_control_characters_of_a_place_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in text(denied("unknown-field", "HostConfig.\x1b[31mX"))


def test_a_long_place_is_cut() -> None:
    assert "X" * 200 not in text(denied("unknown-field", "X" * 5000))


def test_what_may_be_tried_stands_at_the_end_in_the_words_of_the_tool() -> None:
    decision = Decision(
        id="d-7f3a00000000",
        time=0.0,
        subject=Subject(operation="ContainerCreate", client="Docker-Client/26.1.5"),
        violations=(denied("no-privileged"),),
        policy="",
        profile="baseline",
        mode="enforce",
        suggestion={"docker": "docker run --memory 512m ...", "compose": "in the compose file {mem_limit: 512m}"},
    )
    by_compose = replace(decision, subject=replace(decision.subject, client="compose/2.26.1"))

    assert reply.write_denial(decision).endswith("\n  try: docker run --memory 512m ...")
    assert reply.write_denial(by_compose).endswith("\n  try: in the compose file {mem_limit: 512m}")
    assert "try:" not in reply.write_denial(replace(decision, suggestion={}))
