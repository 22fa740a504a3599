"""Reads settings of systemd units, drop-ins included; without the unit there are no values."""

from collections.abc import Iterator

from portero.observe.files.chroot import Files

# The first that has the unit wins (systemd.unit(5), unit file load path).
_FOLDERS = (
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/run/systemd/generator.early",
    "/etc/systemd/system",
    "/run/systemd/system",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator.late",
)


def read_setting(files: Files, unit: str, setting: str) -> list[str]:
    """Every value of a setting, in order; an empty one removes those before it (systemd.syntax(7))."""
    values: list[str] = []
    for path in list_files(files, unit):
        for line in files.read_text(path).replace("\\\n", " ").splitlines():
            name, equals, value = map(str.strip, line.partition("="))
            if equals and name == setting and not line.lstrip().startswith(("#", ";")):
                values = [*values, value] if value else []
    return values


def list_files(files: Files, unit: str) -> Iterator[str]:
    """The unit file, then its drop-ins, and those of all units of its type, by name; of one name the first counts."""
    main = next((f"{folder}/{unit}" for folder in _FOLDERS if files.exists(f"{folder}/{unit}")), None)
    if main is not None:
        yield main
    drop_ins: dict[str, str] = {}
    for parent in (f"{unit.rpartition('.')[2]}.d", f"{unit}.d"):
        for folder in reversed(_FOLDERS):
            names = files.list_names(f"{folder}/{parent}")
            drop_ins |= {name: f"{folder}/{parent}/{name}" for name in names if name.endswith(".conf")}
    yield from (path for _, path in sorted(drop_ins.items()))
