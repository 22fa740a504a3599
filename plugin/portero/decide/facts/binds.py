"""One bind as docker run -v has it: its words, and the paths of the host that it opens."""

import re
from collections.abc import Mapping

from portero.decide.facts import driver
from portero.decide.facts.host_paths import clean_host_path
from portero.decide.facts.mount import clean_target, find_made_in, make_fact, resolve_sources
from portero.decide.interfaces.host import HostMoment
from portero.decide.values.json_fields import Fact
from portero.decide.values.path import is_absolute
from portero.decide.values.refusals import Refused

# No volume has such a name: dockerd's router takes it for another path than that of a volume.
_PATH = re.compile(r"/|.*//|(?:.*/)?\.{1,2}(?:/|$)", re.DOTALL)
_PROPAGATION = frozenset({"private", "rprivate", "shared", "rshared", "slave", "rslave"})
# Every word of the mode of a bind with its kind.
_KINDS: Mapping[str, str] = {
    **dict.fromkeys(("ro", "rw"), "access"),
    **dict.fromkeys(("z", "Z"), "relabel"),
    **dict.fromkeys(_PROPAGATION, "propagation"),
    "nocopy": "copy",
    **dict.fromkeys(("consistent", "cached", "delegated"), "consistency"),
}


def _refuse_path(volume: str, at: str) -> None:
    if _PATH.match(volume):
        raise Refused("volume-name", at)


def parse_bind(bind: str, volume_driver: str, at: str, host: HostMoment) -> Fact:
    """The fact of one bind: `target`, `source:target` or `source:target:mode`; an absolute source is a host path.

    dockerd refuses more than it accepts here (moby volume/mounts/linux_parser.go, ParseMountRaw); what it would refuse
    still becomes a fact, read as the most dangerous thing that it could be.
    """
    first, *rest = bind.split(":", 2)
    source, target, mode = (first, rest[0], ":".join(rest[1:])) if rest else ("", first, "")
    words = mode.split(",")
    # dockerd accepts no other words, and of each kind one (linuxValidMountMode).
    is_valid = len({_KINDS[word] for word in words if word in _KINDS}) == len(words)
    options: Fact = {
        "target": clean_target(target),
        "writable": not ("ro" in words and is_valid),
        "propagation": next((word for word in words if word in _PROPAGATION), ""),
        "relabel": "Z" if "Z" in words else "z" if "z" in words else "",
    }
    if not is_absolute(source):
        _refuse_path(source, at)
        named: Fact = {"source": source or None}
        return make_fact(at, "volume", "volume", options | named | driver.read_options(volume_driver, {}, at, host))
    path = clean_host_path(source, at)
    made: Fact = {"source": path, "madeIn": find_made_in(path, host)}
    return make_fact(at, "bind", "bind", options | made | resolve_sources([path], at, host))
