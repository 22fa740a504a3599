"""Memory limits from what the containers of a service use now, as docker stats shows it: the daemon asked, MiB out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from portero.dockerd.api import TimedRequests, read_object
from portero.refusals import Refused
from portero.values.json_fields import child, integer, text, texts
from portero.values.json_types import JSON
from portero.values.spelling import make_printable

_MIB = 1 << 20
# Room for what a service does not do at the moment, in steps that people read.
_FACTOR, _STEP = 2, 64 * _MIB
_OK = 200


@dataclass(frozen=True, slots=True)
class Measured:
    """`limit`: for a compose file; `why`: the comment beside it."""

    limit: str
    why: str


def measure_memory(containers: Iterable[Mapping[str, JSON]], addresses: Iterable[str], most: int) -> Measured | None:
    """The limit for a service with these containers (of the daemon's list), of at most `most` bytes.

    None: none of them runs, the daemon does not say of all what they use, or it is so much that the site must decide.
    """
    used = list[tuple[int, str]]()
    requests = TimedRequests([*addresses], None)
    try:
        for container in containers:
            if text(container, "State") == "running":
                target = f"/containers/{text(container, 'Id')}/stats?stream=false&one-shot=true"
                answer = next((read_object(body) for status, body in requests.answers(target) if status == _OK), None)
                used.append((_find_used(answer or {}), make_printable(next(iter(texts(container, "Names")), "")[1:])))
    except Refused:
        return None  # a field of another type
    most_used, name = max(used, default=(0, ""))
    limit = -(-_FACTOR * most_used // _STEP) * _STEP
    if min(used, default=(0, ""))[0] <= 0 or limit > most:
        return None
    return Measured(f"{limit // _MIB}m", f"twice the {-(-most_used // _MIB)} MiB that {name} uses (docker stats)")


def _find_used(stats: Mapping[str, JSON]) -> int:
    """Bytes: the peak where control groups of version 1 tell it, else as docker stats counts (without the cache).

    docker/cli, cli/command/container/stats_helpers.go, calculateMemUsageUnixNoCache.
    """
    memory = child(stats, "memory_stats")
    details = child(memory, "stats")
    cache = integer(details, "inactive_file") or integer(details, "total_inactive_file") or 0
    return max((integer(memory, "usage") or 0) - cache, integer(memory, "max_usage") or 0)
