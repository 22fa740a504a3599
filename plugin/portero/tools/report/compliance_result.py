"""The whole report: every item of a benchmark with its verdict, and what the verdicts rest on."""

from collections.abc import Iterator, Sequence

from portero.decide.values.dataclass import dataclass
from portero.tools.report.benchmark_items import (
    MET,
    UNDECIDED,
    VERDICTS,
    Benchmark,
    Grounds,
    ItemResult,
    Section,
    Verdict,
)
from portero.tools.report.compliance_evidence import count_decisions
from portero.tools.report.output_formats import format_time

_CIS = "cis"


@dataclass(frozen=True, slots=True)
class SectionResult:
    section: Section
    items: tuple[ItemResult, ...]


@dataclass(frozen=True, slots=True)
class ComplianceResult:
    """The report on a benchmark. `profile` and `mode`: the settings; `files`: the logs; `time`: when it was made."""

    benchmark: Benchmark
    grounds: Grounds
    profile: str
    mode: str
    files: Sequence[str]
    time: float
    sections: tuple[SectionResult, ...]

    @classmethod
    def of(
        cls, benchmark: Benchmark, grounds: Grounds, profile: str, mode: str, files: Sequence[str], time: float
    ) -> "ComplianceResult":
        is_cis = benchmark.key == _CIS
        sections = tuple(
            SectionResult(section, tuple(grounds.judge(item, is_cis=is_cis) for item in section.items))
            for section in benchmark.sections
        )
        return cls(benchmark, grounds, profile, mode, files, time, sections)

    @property
    def items(self) -> list[ItemResult]:
        return [item for section in self.sections for item in section.items]

    @property
    def open_items(self) -> list[ItemResult]:
        return [each for each in self.items if each.verdict not in (*MET, *UNDECIDED)]

    @property
    def counts(self) -> dict[Verdict, int]:
        verdicts = [each.verdict for each in self.items]
        return {verdict: verdicts.count(verdict) for verdict in VERDICTS if verdict in verdicts}

    @property
    def summary(self) -> str:
        return ", ".join(f"{count} {verdict}" for verdict, count in self.counts.items())

    @property
    def basis(self) -> Iterator[tuple[str, str]]:
        """What the verdicts rest on: a name and a sentence each."""
        grounds, log, host = self.grounds, self.grounds.log, self.grounds.host
        yield "policy", f"{grounds.policy.digest}, profile {self.profile}, mode {self.mode}"
        if log is None or not log.decisions:
            yield "log", "none given: nothing is shown of what was asked and denied"
        else:
            period = f"{format_time(log.first)} to {format_time(log.last)} UTC"
            yield "log", f"{count_decisions(log.decisions)}, {period}: {', '.join(self.files)}"
        if host is None:
            yield "host", "no check given: see --host-report and --check-host"
        else:
            yield "host", f"checked {host.time}, profile {host.profile}"

    @property
    def warnings(self) -> Iterator[str]:
        """What a reader must know before any verdict, a sentence each."""
        log, host, groups = self.grounds.log, self.grounds.host, self.grounds.policy.site["break-glass"]
        if self.mode == "audit":
            yield "Nothing is enforced: mode audit denies only what would turn Portero off."
        if self.grounds.open_guards:
            yield f"Requests get past Portero: {', '.join(self.grounds.open_guards)} violated on the host."
        elif host is None:
            yield "Whether dockerd asks Portero at all is not shown: no check of the host was given."
        elif unshown := self.grounds.list_guards("unknown", "not checked"):
            yield f"Whether requests get past Portero is not shown: {', '.join(unshown)} not known."
        if log is not None and log.audited:
            yield f"Mode audit in {log.audited:,} of {count_decisions(log.decisions)} of the log: they denied nothing."
        if log is not None and log.elsewhere:
            yield f"Another policy than this one in {log.elsewhere:,} of {count_decisions(log.decisions)} of the log."
        if groups:
            used = f": so in {count_decisions(log.broke_glass)} of the log" if log is not None else ""
            yield f"Groups in break-glass of site.json get past the rules with a token of at most an hour{used}."
        if log is not None and log.unreadable:
            yield f"Lines of the log that are no decisions, and are not counted: {log.unreadable:,}."
