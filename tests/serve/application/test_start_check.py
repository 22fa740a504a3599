"""A check before a start names every fault, and changes nothing."""

from pathlib import Path

import pytest

from portero.decide.values.errors import LoadError
from portero.serve.application.start_check import check_start
from portero.serve.settings.settings import Settings


def make_settings(folder: Path, **given: str) -> Settings:
    return Settings.read({}, {"host_root": "none", "state": str(folder / "state" / "versions.json"), **given})


def test_what_a_start_would_make_is_not_made_by_a_check(tmp_path: Path) -> None:
    check_start(make_settings(tmp_path, log=str(tmp_path / "logs" / "decisions.jsonl"), log_sync="each"))
    check_start(make_settings(tmp_path, log="-"))

    assert [*tmp_path.iterdir()] == []


def test_a_log_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    log = tmp_path / "decisions.jsonl"
    log.write_text("half a li")
    log.chmod(0o644)

    check_start(make_settings(tmp_path, log=str(log)))

    assert (log.read_text(), log.stat().st_mode & 0o777) == ("half a li", 0o644)


def test_every_fault_is_named(tmp_path: Path) -> None:
    (tmp_path / "site.json").write_text('{"acshuns": {}}')

    for log in ("/proc/none/log", str(tmp_path / "site.json" / "log"), str(tmp_path)):
        with pytest.raises(LoadError) as refused:
            check_start(make_settings(tmp_path, schemas=str(tmp_path), log=log))
        assert [fault.split(": ")[0] for fault in refused.value.faults] == [f"{tmp_path}/site.json", "PORTERO_LOG"]
