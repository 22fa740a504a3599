"""Changes of a mount that leave it there: read-only, or without propagation. None where the change is no change."""

from collections.abc import Callable, Mapping

from portero.values.json_types import JSON

_PROPAGATION = frozenset({"shared", "rshared", "slave", "rslave"})


def read_only_bind(bind: JSON) -> JSON:
    """/a:/b -> /a:/b:ro."""
    return _with_options(bind, lambda options: ["ro", *(option for option in options if option not in ("rw", "ro"))])


def private_bind(bind: JSON) -> JSON:
    """/a:/b:ro,rslave -> /a:/b:ro."""
    return _with_options(bind, lambda options: [option for option in options if option not in _PROPAGATION])


def read_only_mount(mount: JSON) -> JSON:
    """An entry of Mounts."""
    return {**mount, "ReadOnly": True} if isinstance(mount, dict) else mount


def private_mount(mount: JSON) -> JSON:
    """An entry of Mounts without BindOptions.Propagation."""
    options = mount.get("BindOptions") if isinstance(mount, dict) else None
    if not isinstance(mount, dict) or not isinstance(options, dict):
        return mount
    return {**mount, "BindOptions": {name: value for name, value in options.items() if name != "Propagation"}}


OF_BINDS: Mapping[str, Callable[[JSON], JSON]] = {"read-only": read_only_bind, "private": private_bind}
OF_MOUNTS: Mapping[str, Callable[[JSON], JSON]] = {"read-only": read_only_mount, "private": private_mount}


def _with_options(bind: JSON, change: Callable[[list[str]], list[str]]) -> JSON:
    source, target, *rest = str(bind).split(":")[:3] if str(bind).count(":") else (str(bind), "")
    if not target:
        return bind  # an anonymous volume
    options = ",".join(change([option for option in "".join(rest).split(",") if option]))
    return f"{source}:{target}:{options}" if options else f"{source}:{target}"
