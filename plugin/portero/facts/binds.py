"""The entries of HostConfig.Binds: one string in, one mount fact out.

dockerd refuses more than it accepts here (moby volume/mounts/linux_parser.go, ParseMountRaw); what it would refuse
still becomes a fact, read as the most dangerous thing that it could be.
"""

from collections.abc import Mapping

from portero.facts import driver
from portero.facts.host_paths import clean_host_path
from portero.facts.mount import clean_target, look_up, make_fact
from portero.files.path import is_absolute
from portero.host.view import HostMoment
from portero.values.json_types import Fact

_PROPAGATION = frozenset({"private", "rprivate", "shared", "rshared", "slave", "rslave"})
# Every word of a mode with its kind. dockerd accepts at most one word of each kind.
_KINDS: Mapping[str, str] = {
    **dict.fromkeys(("ro", "rw"), "access"),
    **dict.fromkeys(("z", "Z"), "relabel"),
    **dict.fromkeys(_PROPAGATION, "propagation"),
    "nocopy": "copy",
    **dict.fromkeys(("consistent", "cached", "delegated"), "consistency"),
}


def parse_bind(bind: str, volume_driver: str, at: str, host: HostMoment) -> Fact:
    """The fact of one entry: `target`, `source:target` or `source:target:mode`; an absolute source is a host path."""
    first, *rest = bind.split(":", 2)
    source, target, mode = (first, rest[0], ":".join(rest[1:])) if rest else ("", first, "")
    words = mode.split(",")
    options: Fact = {
        "target": clean_target(target),
        "writable": not ("ro" in words and _is_valid(words)),
        "propagation": next((word for word in words if word in _PROPAGATION), ""),
        "relabel": "Z" if "Z" in words else "z" if "z" in words else "",
    }
    if not is_absolute(source):
        named: Fact = {"source": source or None}
        return make_fact(at, "volume", "volume", options | named | driver.read_options(volume_driver, {}, at, host))
    path = clean_host_path(source, at)
    return make_fact(at, "bind", "bind", options | {"source": path} | look_up([path], at, host))


def _is_valid(words: list[str]) -> bool:
    """Whether dockerd accepts the words of a mode (linuxValidMountMode)."""
    kinds = {_KINDS[word] for word in words if word in _KINDS}
    return len(kinds) == len(words)
