"""The pages of rules: which page shows a rule, an index, and a page for each topic, of a large topic several."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from portero.decide.policy.wording import fill_site, name_facts

_SCHEMAS = Path(__file__).parent.parent / "schemas"
_SITE = json.loads((_SCHEMAS / "site.json").read_text())
_LEVELS = ("baseline", "hardened", "restricted", "advisory")
INDEX = "README"
_FLAG = re.compile(r"(?<!\S)--[a-z][a-z-]+")
_MAX_FLAGS = 2
# Where the sources can be read, by the first word of their names.
_READABLE = {
    "CIS": "https://www.cisecurity.org/benchmark/docker",
    "NIST": "https://csrc.nist.gov/pubs/sp/800/190/final",
    "OWASP": "https://cheatsheetseries.owasp.org/cheatsheets/Docker_Security_Cheat_Sheet.html",
    "PSS": "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
    **{f"G{number}": f"../docs/coverage.md#g{number}" for number in range(1, 24)},
}
# What a large topic has beside its own page, which shows the rest: the page, its title, its rules.
_PARTS = {
    "mounts": {
        "mounts-host-paths": (
            "Rules about mounts: which host paths",
            "bind-sources-listed homes-seen host-paths-seen no-checkpoint-paths no-credential-paths no-device-mounts "
            "no-kernel-file-systems no-root-programs no-sensitive-paths no-socket-mounts no-user-sockets "
            "no-writable-home read-only-sources-listed",
        ),
        "mounts-other-writers": (
            "Rules about mounts: host paths that others can change",
            "no-missing-sources no-nested-sources no-sources-below-writable no-sources-nested-with-containers "
            "no-swappable-sources",
        ),
    },
    "network": {
        "network-ports": (
            "Rules about network: published ports",
            "no-publish-all no-service-ports privileged-ports published-ports-address published-ports-limited",
        ),
    },
    "resources": {
        "resources-memory": (
            "Rules about resources: memory",
            "kernel-memory memory-limit memory-reservation memory-swappiness no-service-swap no-swap oom-killer "
            "oom-score shared-memory-size",
        ),
    },
}
_PAGES = {id: page for parts in _PARTS.values() for page, (_, ids) in parts.items() for id in ids.split()}


def rules(folder: str = "rules") -> list[tuple[str, str, dict[str, Any]]]:
    """Topic, id and content of every built-in rule of requests, or of the host: by level, then topic, then id."""
    known = [
        (path.parent.name, path.stem, json.loads(path.read_text())) for path in (_SCHEMAS / folder).glob("*/*.json")
    ]
    return sorted(known, key=lambda rule: (_LEVELS.index(rule[2]["level"]), rule[0], rule[1]))


def find_page(topic: str, id: str) -> str:
    """The page of docs/rules that shows a rule, without .md."""
    return _PAGES.get(id, topic)


def topic_pages() -> Iterator[tuple[str, str]]:
    """docs/rules: names and texts of an index, and of the pages of each topic."""
    shown: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for topic, id, rule in rules():
        shown.setdefault(find_page(topic, id), []).append((topic, id, rule))
    titles = {page: title for parts in _PARTS.values() for page, (title, _) in parts.items()}
    links = {page: ", ".join(f"[{id}]({page}.md#{id})" for _, id, _ in shown[page]) for page in sorted(shown)}
    index = [
        "# Rules by topic\n",
        "Reason, remedy and examples of every rule. All in one table: [rules table](../rules-table.md).\n",
        *[f"- [{page}]({page}.md): {linked}" for page, linked in links.items()],
    ]
    yield INDEX, "\n".join(index) + "\n"
    for page, here in shown.items():
        yield page, rule_pages(titles.get(page, f"Rules about {page}"), _list_siblings(page), here)


def host_rules() -> str:
    """The part of docs/host-check.md with every rule about the host."""
    return "\n".join(rule_page(topic, id, rule, "###") for topic, id, rule in rules("host")) + "\n"


def _list_siblings(page: str) -> list[str]:
    """The other pages of the same topic."""
    pages = next(([topic, *parts] for topic, parts in _PARTS.items() if page in (topic, *parts)), [])
    return [other for other in pages if other != page]


def rule_pages(title: str, siblings: Iterable[str], shown: Iterable[tuple[str, str, dict[str, Any]]]) -> str:
    more = ", ".join(f"[{page}]({page}.md)" for page in siblings)
    head = f"# {title}\n\n" + (f"More of this topic: {more}.\n\n" if more else "")
    return head + "\n".join(rule_page(topic, id, rule) for topic, id, rule in shown)


def rule_page(topic: str, id: str, rule: dict[str, Any], heading: str = "##") -> str:
    reports = f" Reported from `{rule['reports']}`." if "reports" in rule else ""
    if "atUse" in rule:
        reports += f" Existing objects that violate it may {'not ' if rule['atUse'] else ''}be used."
    if "enforcedBy" in rule:
        reports += f" Only reported where `docker info` shows {rule['enforcedBy']} as false, but for services."
    lines = [
        f"{heading} {id}\n",
        f"**{rule['title']}.** {name_facts(rule['reason'])}\n",
        f"Level `{rule['level']}`, topic {topic}.{reports} {subject(rule)} Threats: {', '.join(rule['threats'])}. "
        f"Sources: {', '.join(rule['sources'])}.\n",
        *[f"- {client}: {fill_site(words, _SITE)}" for client, words in rule["remedy"].items()],
        *["\nAllowed:\n", *examples(rule["allows"]), "\nDenied:\n", *examples(rule["denies"]), ""],
    ]
    return "\n".join(lines)


def subject(rule: dict[str, Any]) -> str:
    return f"Operations: {', '.join(rule['operations'])}." if "operations" in rule else f"About: {rule['about']}."


def examples(cases: dict[str, Any]) -> list[str]:
    return [f"- `{typed}`" for typed in cases]


def list_single_pages() -> Iterator[tuple[str, int, str]]:
    """For the site: of each rule about requests or the host its ID, how early the search shows it, and its page."""
    for folder in ("rules", "host"):
        for topic, id, rule in rules(folder):
            others = (
                f"[{topic}](../docs/rules/{find_page(topic, id)}.md)"
                if folder == "rules"
                else "[host check](../docs/host-check.md)"
            )
            text = rule_page(topic, id, {**rule, "sources": [*map(_link_source, rule["sources"])]}, "#")
            more = f"Related rules: {others}. In a terminal: `portero explain {id}`."
            waive = " To waive it for some requests: [exceptions](../docs/exceptions.md)." if folder == "rules" else ""
            yield id, 2 * (len(_LEVELS) - _LEVELS.index(rule["level"])), f"{text}\n{_list_flags(rule)}{more}{waive}\n"


def _list_flags(rule: dict[str, Any]) -> str:
    """A heading with the flags that the denied examples have, since the search looks at headings first."""
    denied = [flag for typed in rule["denies"] if typed.startswith("docker ") for flag in {*_FLAG.findall(typed)}]
    flags = sorted({*denied}, key=lambda flag: (-denied.count(flag), flag))[:_MAX_FLAGS]
    return f"## docker {' '.join(flags)}\n\n" if flags else ""


def _link_source(source: str) -> str:
    """A source with a link to where it can be read; our own coverage page has the titles of what is not public."""
    kind = source.split()[0]
    if kind in _READABLE:
        return f"[{source}]({_READABLE[kind]})"
    return f"[{source}](https://nvd.nist.gov/vuln/detail/{kind})" if kind.startswith("CVE-") else source
