"""What flags do to mounts, and to a tmpfs, however the request has it: under Tmpfs, among the Mounts, as a volume.

A mount can stay read-only, or without propagation. --shm-size is also what people mean who mount the host's /dev/shm.
"""

from collections.abc import Callable, Mapping

from portero.decide.flags import format_values, parse_values
from portero.decide.flags.edits import NOTHING, Change, Document, Names, SetField, Violated, copy_parents
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON, to_list, to_object

# Of a pair of mount options the one that a proposal names replaces the other.
_OPPOSITE = {"noexec": "exec", "nodev": "dev", "nosuid": "suid"}
_SIZED = "type=tmpfs,tmpfs-size="


def _write_tmpfs(path: str, options: str) -> str:
    """PATH or PATH:options."""
    return f"{path}:{options}" if options else path


@dataclass(frozen=True, slots=True)
class Tmpfs(Names):
    """--tmpfs `PATH:options`: adds the options to those of each path that is refused."""

    types: Callable[[str, str], str] = _write_tmpfs
    key: str = "target"

    def add(self, document: Document, value: str, violated: Violated) -> Change:
        path, _, options = value.partition(":")
        if path != "PATH" or not options:
            raise ValueError(f"'{value}' is not PATH:options")
        if self.at not in violated:
            return NOTHING
        parent, last = copy_parents(document, self.at)
        before = to_object(parent.get(last))
        wrong = violated.named(before, self.key)
        after = {path: _merge(str(current), options) if path in wrong else current for path, current in before.items()}
        if after != before:
            parent[last] = after
        changed = [path for path in before if after[path] != before[path]]
        return Change(
            tuple(self.types(path, str(after[path])) for path in changed),
            tuple(self.types(path, str(before[path])) for path in changed),
        )


@dataclass(frozen=True, slots=True)
class VolumeOptions(Names):
    """--opt of a volume: `o=options` adds these mount options, where all can be shown: others may hold a password."""

    types: Callable[[str, str], str] = format_values.driver_option

    def add(self, document: Document, value: str, violated: Violated) -> Change:
        name, _, options = value.partition("=")
        if name != "o":
            return Names.add(self, document, value, violated)
        parent, last = copy_parents(document, self.at)
        before = to_object(parent.get(last))
        current = str(before.get(name) or "")
        merged = _merge(current, options)
        shown = self.types(name, merged)
        if self.at not in violated or merged == current or not format_values.is_whole(shown):
            return NOTHING
        parent[last] = {**before, name: merged}
        return Change((shown,), (self.types(name, current),) if current else ())


def limit_mount(value: str) -> Callable[[JSON], JSON]:
    """`type=tmpfs,tmpfs-size=64m`: gives an entry of Mounts this size if it is a tmpfs, and leaves it else."""
    if not value.startswith(_SIZED):
        raise ValueError(f"'{value}' is not {_SIZED}SIZE")
    limit = parse_values.size(value.removeprefix(_SIZED))

    def limit_size(mount: JSON) -> JSON:
        # Of a service the type may be in any case.
        if not isinstance(mount, dict) or str(mount.get("Type")).lower() != "tmpfs":
            return mount
        return {**mount, "TmpfsOptions": {**to_object(mount.get("TmpfsOptions")), "SizeBytes": limit}}

    return limit_size


def _merge(current: str, options: str) -> str:
    new = options.split(",")
    replaced = {_OPPOSITE.get(option, "") for option in new} | {*new}
    names = {option.partition("=")[0] for option in new if "=" in option}
    unchanged = [
        one for one in current.split(",") if one and one not in replaced and one.partition("=")[0] not in names
    ]
    return ",".join([*unchanged, *new])


_HOSTS_OWN = "/dev/shm"  # noqa: S108 - it is only compared


@dataclass(frozen=True, slots=True)
class SharedMemory(SetField):
    """A rule about mounts that proposes it means those of the host's /dev/shm, where the request has no size itself."""

    def add(self, document: Document, value: str, violated: Violated) -> Change:
        mounts = [fact for fact in violated.facts if "paths" in fact]
        if mounts and (self.typed_value(document) or not any(_HOSTS_OWN in to_list(fact["paths"]) for fact in mounts)):
            return NOTHING
        return SetField.add(self, document, value, violated)


_PROPAGATION = frozenset({"shared", "rshared", "slave", "rslave"})


def make_bind_read_only(bind: JSON) -> JSON:
    """/a:/b -> /a:/b:ro."""
    return _with_options(bind, lambda options: ["ro", *(option for option in options if option not in ("rw", "ro"))])


def make_bind_private(bind: JSON) -> JSON:
    """/a:/b:ro,rslave -> /a:/b:ro."""
    return _with_options(bind, lambda options: [option for option in options if option not in _PROPAGATION])


def make_mount_read_only(mount: JSON) -> JSON:
    return {**mount, "ReadOnly": True} if isinstance(mount, dict) else mount


def make_mount_private(mount: JSON) -> JSON:
    """An entry of Mounts without BindOptions.Propagation."""
    options = mount.get("BindOptions") if isinstance(mount, dict) else None
    if not isinstance(mount, dict) or not isinstance(options, dict):
        return mount
    return {**mount, "BindOptions": {name: value for name, value in options.items() if name != "Propagation"}}


OF_BINDS: Mapping[str, Callable[[JSON], JSON]] = {"read-only": make_bind_read_only, "private": make_bind_private}
OF_MOUNTS: Mapping[str, Callable[[JSON], JSON]] = {"read-only": make_mount_read_only, "private": make_mount_private}


def _with_options(bind: JSON, change: Callable[[list[str]], list[str]]) -> JSON:
    source, target, *rest = str(bind).split(":")[:3] if str(bind).count(":") else (str(bind), "")
    if not target:
        return bind  # an anonymous volume
    options = ",".join(change([option for option in "".join(rest).split(",") if option]))
    return f"{source}:{target}:{options}" if options else f"{source}:{target}"
