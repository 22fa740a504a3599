"""Makes docs/coverage.md: which rule carries which requirement of the guide, of the CIS benchmark, of Pod Security.

In: docs/coverage.json, the benchmarks of plugin/portero/tools/report and the rule files (their `sources`).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rule_pages import find_page

ROOT = Path(__file__).parent.parent
NOTHING = "-"
BY = ("enforced by", "reported by", "on the host")


@dataclass(frozen=True, slots=True)
class Rule:
    """What the page says of a rule."""

    id: str
    topic: str
    level: str
    reports: str
    sources: tuple[str, ...]


def rules(folder: str) -> tuple[Rule, ...]:
    """The rules below schemas/rules or schemas/host, by id."""
    files = sorted((ROOT / "schemas" / folder).glob("*/*.json"), key=lambda file: file.stem)
    return tuple(_rule(file, json.loads(file.read_text())) for file in files)


def requirements() -> dict[str, Any]:
    """The rows of each table: docs/coverage.json and the benchmarks, whose items have the titles and remarks."""
    found: dict[str, Any] = json.loads((ROOT / "docs" / "coverage.json").read_text())
    return {
        "guide": [
            _row(item) | found["guide"][item["id"]] for section in _sections("guide") for item in section["items"]
        ],
        "cis": [
            _row(item) | {"id": f"CIS {item['id']}"}
            for section in _sections("cis")
            for item in section["items"]
            if section["id"] == "5"
        ],
        "pss": [_row(item) | {"profile": section["id"]} for section in _sections("pss") for item in section["items"]],
        "impossible": found["impossible"],
    }


def _sections(benchmark: str) -> Any:
    file = ROOT / "plugin" / "portero" / "tools" / "report" / "benchmarks" / f"{benchmark}.json"
    return json.loads(file.read_text())["sections"]


def _row(item: dict[str, Any]) -> dict[str, Any]:
    remark = item.get("remark") or item.get("undecidable") or item.get("not_applicable") or ""
    rules = [*item.get("needs", []), *item.get("more", [])]
    return {"id": item["id"], "title": item["title"], "remark": remark, "rules": rules}


def coverage_page() -> str:
    """The whole page."""
    wanted, requests, host = requirements(), rules("rules"), rules("host")
    parts = [
        "# Coverage\n",
        "Every requirement of the CIS Docker Benchmark (section 5), of the Pod Security Standards and of the hardening "
        "guide, with the rules that carry it and the profile from which they are enforced. An advisory rule reports "
        "under every profile. `portero host` checks host rules. "
        "[Compliance](compliance.md) tests them on a host, with NIST SP 800-190.\n",
        "## CIS Docker Benchmark, section 5\n",
        *[_item(row["id"], _sourced(row, requests, host)) for row in wanted["cis"]],
        "## Pod Security Standards\n",
        *[_item("", _controlled(row, requests)) for row in wanted["pss"]],
        "## The hardening guide\n",
        "*Seguridad en contenedores Docker en producción*, a Spanish article of 2016. Our copy names no author.\n",
        *[_item(row["id"], _sourced(row, requests, host)) for row in wanted["guide"]],
        "## Requirements that no plugin can decide\n",
        *[f"- **{row['id']}**: {row['title']}. {row['remark']}" for row in wanted["impossible"]],
    ]
    return "\n".join(parts) + "\n"


def _rule(file: Path, written: dict[str, Any]) -> Rule:
    return Rule(file.stem, file.parent.name, written["level"], written.get("reports", ""), tuple(written["sources"]))


def names_pod_security(rule: Rule) -> bool:
    """Whether Pod Security is among the sources of a rule."""
    return any(source.startswith("PSS") for source in rule.sources)


def _sourced(row: dict[str, Any], requests: Sequence[Rule], host: Sequence[Rule]) -> list[str]:
    about = [rule for rule in requests if row["id"] in rule.sources]
    below = [rule for rule in host if row["id"] in rule.sources]
    return [row["id"], row["title"], *_said(about), _named(below), row["remark"]]


def _controlled(row: dict[str, Any], requests: Sequence[Rule]) -> list[str]:
    about = [rule for rule in requests if rule.id in row["rules"] and names_pod_security(rule)]
    return [row["profile"], row["title"], *_said(about), NOTHING, row["remark"]]


def _said(about: Iterable[Rule]) -> list[str]:
    """The cells `enforced` and `reported`."""
    about = list(about)
    enforced = [f"{_link(rule)} ({rule.level})" for rule in about if rule.level != "advisory"]
    reported = [_link(rule) for rule in about if rule.level == "advisory"]
    early = [f"{_link(rule)} (from {rule.reports})" for rule in about if rule.reports]
    return [", ".join(enforced) or NOTHING, ", ".join([*reported, *early]) or NOTHING]


def _named(below: Iterable[Rule]) -> str:
    return ", ".join(f"`{rule.id}` ({rule.level})" for rule in below) or NOTHING


def _link(rule: Rule) -> str:
    return f"[{rule.id}](rules/{find_page(rule.topic, rule.id)}.md#{rule.id})"


def _item(heading: str, cells: list[str]) -> str:
    """One requirement: its heading, which is its ID alone so that links are short, its title, and its rules."""
    first, title, *by, remark = cells
    about = [title if heading else f"{title} (PSS {first})", *filter(None, [remark])]
    named = [f"- {name}: {rules}" for name, rules in zip(BY, by, strict=True) if rules != NOTHING]
    return "\n".join(
        [*([f"### {heading}\n"] if heading else []), " ".join([f"**{about[0]}.**", *about[1:]]), "", *named, ""]
    )


if __name__ == "__main__":
    print(coverage_page(), end="")
