"""The protected paths after links: names and a walk of this moment in, ResolvedPaths out.

They are resolved anew when a link on the way to one of them is not what it was.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import TypeAlias

from portero.decide.facts.sensitive_paths import SENSITIVE
from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.path import is_within
from portero.observe.dockerd.asking_daemon import AskingDaemon
from portero.observe.files.link_cache import LinkCache, list_links
from portero.observe.files.symlinks import HostWalk
from portero.observe.host.homes import FOLDERS
from portero.observe.host.protected_paths import USUAL_DATA, ProtectedPaths

# Daemons of one host.
_MAX_CACHED = 8
# Homes are sensitive for writing, and the folders above them.
_USUAL = (*SENSITIVE, *sorted(FOLDERS))
_INSIDE_USUAL = ProtectedPaths({path: path for path in _USUAL}, inside=True)

# The daemon that asks, those that run beside it, and names that are protected besides the usual ones.
_Key: TypeAlias = tuple[AskingDaemon | None, tuple[AskingDaemon, ...], tuple[str, ...]]
Links: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ResolvedPaths:
    """`guarded`: sockets and Portero's files. `portero`: these files with all below them.

    What no container may write: `programs`, those of dockerds too, with all below them; `logs`, and links on the way to
    both and to things of dockerds. `daemon_files` and `daemon_data`: of dockerds and their containerds.
    `sensitive_links`: the sensitive paths, and those that the policy protects, that lead elsewhere: each with the path
    after links, or with a link on its way that lies elsewhere.
    """

    guarded: ProtectedPaths
    portero: ProtectedPaths
    programs: ProtectedPaths
    logs: ProtectedPaths
    daemon_files: ProtectedPaths
    daemon_data: ProtectedPaths
    sensitive_links: Links


@dataclass(frozen=True, slots=True)
class _Cached:
    key: _Key
    links: LinkCache
    paths: ResolvedPaths


@dataclass(slots=True, eq=False)
class PathResolver:
    """`sockets`: those of daemons; `portero`, `programs`, `logs` and `protected` as in HostFiles.

    What was resolved is cached for each daemon that asks, as long as the links on the ways to it are what they were.
    """

    sockets: Sequence[str]
    portero: Sequence[str]
    programs: Sequence[str]
    logs: Sequence[str]
    protected: Collection[str] = frozenset()
    _cache: tuple[_Cached, ...] = field(default=(), init=False)

    def resolve(
        self,
        walk: HostWalk | None,
        asking: AskingDaemon | None,
        others: tuple[AskingDaemon, ...],
        sockets: tuple[str, ...],
    ) -> ResolvedPaths:
        """The paths as one walk finds them; None: only names can be compared. Raises OSError where it fails.

        `others`: daemons beside the one that asks. `sockets`: more names to protect.
        """
        key = (asking, others, sockets)
        if walk is None:
            return self._resolve(None, key, {})
        cached = next((cached for cached in self._cache if cached.key == key), None)
        if cached is not None and cached.links.still_holds(walk):
            return cached.paths
        reals: dict[str, str] = {}
        paths = self._resolve(walk, key, reals)
        new = _Cached(key, LinkCache.record(walk, [*reals, *_USUAL, *self.protected]), paths)
        older = [cached for cached in self._cache if cached.key != key]
        # A new tuple each time, so that no thread sees it half changed.
        self._cache = (*older[1 - _MAX_CACHED :], new)
        return paths

    def _resolve(self, walk: HostWalk | None, key: _Key, reals: dict[str, str]) -> ResolvedPaths:
        """`reals` gets every name with its path after links."""
        asking, others, sockets = key

        def follow(names: Iterable[str]) -> dict[str, str]:
            resolved = {name: name if walk is None else walk.resolve_or_keep(name) for name in names}
            reals.update(resolved)
            return resolved

        def find_links(names: Iterable[str]) -> dict[str, str]:
            """The links on the ways to paths."""
            links = {} if walk is None else {link: link for name in names for link in list_links(walk, name)}
            reals.update({link: link for link in links if link not in reals})
            return links

        daemons = [*([asking] if asking else []), *others]
        portero, portero_links = follow(self.portero), find_links(self.portero)
        used = [path for daemon in daemons for path in (*daemon.files, *daemon.data, *daemon.programs)]
        data = (path for daemon in daemons for path in daemon.data)
        programs = (path for daemon in daemons for path in daemon.programs)
        return ResolvedPaths(
            guarded=ProtectedPaths(follow((*self.sockets, *sockets)) | portero_links | portero),
            portero=ProtectedPaths(portero, inside=True),
            programs=ProtectedPaths(follow((*self.programs, *programs)), inside=True),
            logs=ProtectedPaths(find_links([*self.programs, *self.logs, *USUAL_DATA, *used]) | follow(self.logs)),
            daemon_files=ProtectedPaths(follow(path for each in daemons for path in each.files), inside=True),
            daemon_data=ProtectedPaths(follow((*USUAL_DATA, *data)), inside=True),
            sensitive_links=() if walk is None else tuple(self._find_sensitive_links(walk)),
        )

    def _find_sensitive_links(self, walk: HostWalk) -> Iterable[tuple[str, str]]:
        paths = sorted({*_USUAL, *self.protected})
        reals = [(path, real) for path in paths if (real := walk.resolve_or_keep(path)) != path]
        passed = ((path, link) for path, _ in reals for link in list_links(walk, path) if not is_within(path, link))
        # What lies at a sensitive path is judged by that path's own name; nothing speaks for a protected one.
        return (
            (path, real)
            for path, real in (*reals, *passed)
            if path in self.protected or not _INSIDE_USUAL.surrounds(real)
        )
