"""What flags of `docker build` do to a request: all that it asks for stands in the query."""

import json
from collections.abc import Callable
from typing import cast

from portero.decide.flags import format_values, parse_values
from portero.decide.flags.edits import NOTHING, Change, Document, Violated
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import to_list
from portero.decide.values.json_types import JSON


@dataclass(frozen=True, slots=True)
class SetQuery:
    """A flag that sets one parameter. `types`: how the number that the parameter has is typed."""

    name: str
    reads: Callable[[str], JSON]
    types: Callable[[JSON], str] = format_values.scalar

    def add(self, document: Document, value: str, violated: Violated) -> Change:
        before = _put(document, self.name, str(self.reads(value)))
        was = self._typed(before)
        return Change((value,), (was,) if was else ()) if before != str(self.reads(value)) else NOTHING

    def drop(self, document: Document, violated: Violated) -> Change:
        if f"?{self.name}" not in violated:
            return NOTHING
        was = self._typed(_put(document, self.name, ""))
        return Change(removed=(was,)) if was else NOTHING

    def _typed(self, text: str) -> str:
        return self.types(int(text) if text.removeprefix("-").isdecimal() else text)


class _NeverDropped:
    """A limit: without the flag there is none."""

    def drop(self, document: Document, violated: Violated) -> Change:
        return NOTHING


class BuildCpus(_NeverDropped):
    """--cpus, which a build sends as a period and a quota."""

    def add(self, document: Document, value: str, violated: Violated) -> Change:
        flags = dict(parse_values.cpu_flags(value))
        _put(document, "cpuperiod", str(flags["--cpu-period"]))
        quota = str(flags["--cpu-quota"])
        before = _put(document, "cpuquota", quota)
        if before == quota:
            return NOTHING
        return Change((value,), others=(("--cpu-quota", before),) if before not in ("", "0") else ())


class BuildUlimits(_NeverDropped):
    """--ulimit; those of one name replace each other."""

    def add(self, document: Document, value: str, violated: Violated) -> Change:
        limit = parse_values.ulimit(value)
        before = to_list(json.loads(_read_query(document).get("ulimits", ["null"])[0] or "null"))
        replaced = [one for one in before if parse_values.name(one) == limit["Name"]]
        if limit in before:
            return NOTHING
        _put(document, "ulimits", json.dumps([*(one for one in before if one not in replaced), limit]))
        return Change((value,), tuple(map(format_values.ulimit, replaced)))


def _read_query(document: Document) -> dict[str, list[str]]:
    return cast(dict[str, list[str]], document.get("query") or {})


def _put(document: Document, name: str, value: str) -> str:
    query = _read_query(document)
    document["query"] = cast(JSON, {**query, name: [value]})
    return (query.get(name) or [""])[0]
