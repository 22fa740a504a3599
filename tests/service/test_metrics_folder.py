"""Several processes count together without losing or doubling anything, and leave no files behind."""

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from prometheus_client import values

from portero.service import metrics_folder
from portero.service.metrics_folder import shared_folder
from tests.paths import ROOT
from tests.service.test_metrics import samples


def test_processes_count_together_and_their_successors_go_on(tmp_path: Path) -> None:
    # Forks of one process that counts already, as gunicorn's workers are of its master.
    script = tmp_path / "script.py"
    script.write_text(
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from portero.service.metrics import Metrics\n"
        "from portero.service.metrics_folder import shared_folder\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from tests.service.test_metrics import decision\n"
        "def child(metrics):\n"
        "    process = os.fork()\n"
        "    if process == 0:\n"
        "        for _ in range(100): metrics.decided(decision('ContainerCreate'), 0.001)\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return process\n"
        "with shared_folder(Path(sys.argv[1])) as folder:\n"
        "    metrics = Metrics(['ContainerCreate'], folder)\n"
        "    metrics.policy_loaded(5.0, enforcing=True)\n"
        "    for generation in range(4):\n"
        "        for process in [child(metrics) for _ in range(3)]: os.waitpid(process, 0)\n"
        "    metrics.decided(decision('ContainerCreate'), 0.001)\n"
        "    print(len(list(folder.glob('*.lock'))))\n"
        "    print(metrics.text().decode(), end='')\n"
    )
    environ = {"PYTHONPATH": str(ROOT / "plugin"), "PATH": os.environ["PATH"]}
    ran = subprocess.run(
        [sys.executable, script, tmp_path], env=environ, capture_output=True, text=True, check=True, timeout=60
    )

    files, _, text = ran.stdout.partition("\n")
    figures = samples(text.encode())
    assert figures['portero_decisions_total{operation="ContainerCreate",outcome="allowed"}'] == 1201
    assert figures["portero_decision_seconds_count"] == 1201
    assert figures["portero_policy_loaded_timestamp_seconds"] == 5
    # One for the first process and one for each of those that live at the same time.
    assert 2 <= int(files) <= 4
    assert [entry.name for entry in tmp_path.iterdir()] == ["script.py"]


def test_the_folder_is_its_owners_has_its_room_from_the_start_and_goes_at_the_end(tmp_path: Path) -> None:
    alone = values.ValueClass
    with shared_folder(tmp_path) as folder:
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o777 == 0o700
        files = sorted(folder.glob("*.db"))
        assert [file.name for file in files] == ["counter_0.db", "gauge_mostrecent_0.db", "histogram_0.db"]
        assert all(file.stat().st_blocks * 512 >= file.stat().st_size > 0 for file in files)

    assert [*tmp_path.iterdir()] == []
    assert values.ValueClass is alone


def test_a_folder_without_room_is_an_error_that_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space left"), shared_folder(tmp_path):
        pass

    assert [*tmp_path.iterdir()] == []


def test_a_full_memory_leaves_the_folder_of_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_folder, "_MEMORY", tmp_path / "full")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    with shared_folder() as folder:
        assert folder.parent == tmp_path


def test_memory_does_where_there_is_no_folder_of_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in the systemd unit: ProtectSystem=strict leaves /dev writable, and no folder of temporary files.
    def find_none() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr(metrics_folder, "_MEMORY", tmp_path)
    monkeypatch.setattr(tempfile, "gettempdir", find_none)

    with shared_folder() as folder:
        assert folder.parent == tmp_path


def test_a_process_without_room_for_its_metrics_takes_no_descriptor_for_each_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shared_folder(tmp_path) as folder:
        monkeypatch.setattr(os, "posix_fallocate", full)
        name = metrics_folder._Name(folder)
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(10):
            with pytest.raises(OSError, match="No space left"):
                name()

        assert len(os.listdir("/proc/self/fd")) == before


def full(descriptor: int, offset: int, length: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_folders_of_killed_processes_go_at_the_next_start_and_those_in_use_stay(tmp_path: Path) -> None:
    left, strange = tmp_path / "portero-metrics-left", tmp_path / "portero-metrics-strange"
    for folder in (left, strange):
        folder.mkdir()
    (left / "0.lock").touch()
    (left / "counter_0.db").touch()

    with shared_folder(tmp_path) as first, shared_folder(tmp_path) as second:
        assert first.exists()
        assert second.exists()
        assert not left.exists()
    assert [*tmp_path.iterdir()] == [strange]
