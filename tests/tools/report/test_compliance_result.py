"""The report counts its verdicts, and says what they rest on before anything else."""

from portero.tools.report.benchmark_items import UNDECIDED
from portero.tools.report.compliance_evidence import HostEvidence, HostFact
from tests.tools.report.decisions import line

from .conftest import MakeResult

OPEN = HostEvidence("restricted", "2026-11-27T08:00:00Z", {"guarded-by-portero": HostFact("violated")})


def test_every_item_has_one_verdict_and_open_ones_are_listed(make_result: MakeResult) -> None:
    result = make_result()

    assert sum(result.counts.values()) == len(result.items) == 117
    assert result.summary.startswith(f"{result.counts['enforced']} enforced, ")
    assert {item.verdict for item in result.open_items} & {"enforced", "holds", *UNDECIDED} == set()
    assert len(result.open_items) + result.counts["enforced"] + result.counts["not decidable"] == len(result.items)


def test_the_basis_names_policy_log_and_host(make_result: MakeResult) -> None:
    without, given = dict(make_result().basis), dict(make_result(log=line() * 3, host=OPEN).basis)

    assert without["policy"].endswith(", profile hardened, mode enforce")
    assert without["log"].startswith("none given")
    assert without["host"].startswith("no check given")
    assert given["log"] == "3 decisions, 2026-11-24 16:00 to 2026-11-24 16:00 UTC: decisions.jsonl"
    assert given["host"] == "checked 2026-11-27T08:00:00Z, profile restricted"


def test_what_takes_the_ground_away_is_a_notice(make_result: MakeResult) -> None:
    result = make_result(
        log=line(mode="audit"), host=OPEN, files={"site.json": {"break-glass": ["oncall"]}}, mode="audit"
    )

    assert [*result.warnings] == [
        "Nothing is enforced: mode audit denies only what would turn Portero off.",
        "Requests get past Portero: guarded-by-portero violated on the host.",
        "Mode audit in 1 of 1 decision of the log: they denied nothing.",
        "Another policy than this one in 1 of 1 decision of the log.",
        "Groups in break-glass of site.json get past the rules with a token of at most an hour: "
        "so in 0 decisions of the log.",
    ]


def test_without_a_check_of_the_host_it_is_not_shown_that_dockerd_asks(make_result: MakeResult) -> None:
    assert [*make_result().warnings] == [
        "Whether dockerd asks Portero at all is not shown: no check of the host was given."
    ]


def test_guards_that_the_check_of_the_host_does_not_show_are_a_notice(make_result: MakeResult) -> None:
    facts = {"guarded-by-portero": HostFact("holds"), "probes-arrive": HostFact("unknown")}
    (warning,) = make_result(host=HostEvidence("baseline", "", facts)).warnings

    assert warning == (
        "Whether requests get past Portero is not shown: "
        "probes-arrive, no-plugin-shadow, cve-2024-41110-fixed, cve-2026-34040-fixed not known."
    )
