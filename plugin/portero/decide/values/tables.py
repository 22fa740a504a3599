"""Tables that lie beside modules: the only files that this ring reads, once, when a module is imported."""

from pathlib import Path


def read_rows(module: str, name: str) -> list[list[str]]:
    """The rows of a table that lies beside a module (its __file__), by columns; those with # are comments."""
    lines = Path(module).with_name(name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]
