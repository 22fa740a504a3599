"""A table beside a module is its rows."""

from pathlib import Path

from portero.decide.values.tables import read_rows


def test_a_table_is_read_without_its_comments(tmp_path: Path) -> None:
    (tmp_path / "table.tsv").write_text("# kind\tpath\nany\t/etc\nwrite\t/home\n")

    assert read_rows(str(tmp_path / "module.py"), "table.tsv") == [["any", "/etc"], ["write", "/home"]]
