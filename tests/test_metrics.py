"""Metrics: what is counted, and that several processes count together without losing or doubling anything."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import values

from portero.decision import Decision, Subject, Violation, refusal
from portero.metrics import Metrics, shared_folder

ROOT = Path(__file__).parent.parent
RULE = Violation("no-privileged", "baseline", "HostConfig.Privileged", "deny", "", {})
REPORT = Violation("image-digest", "advisory", "Image", "audit", "", {})


def decision(operation: str, *violations: Violation) -> Decision:
    return Decision("d-1", 0.0, Subject(operation=operation), violations, "digest", "hardened", "enforce")


def told(metrics: Metrics) -> dict[str, float]:
    return samples(metrics.text())


def samples(text: bytes) -> dict[str, float]:
    lines = [line.rpartition(" ") for line in text.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def test_decisions_are_counted_by_operation_and_outcome_and_violations_by_rule_and_action() -> None:
    metrics = Metrics(["ContainerCreate"])

    metrics.decided(decision("ContainerCreate", REPORT), 0.003)
    metrics.decided(decision("ContainerCreate", RULE, REPORT), 0.02)

    figures = told(metrics)
    assert figures['portero_decisions_total{operation="ContainerCreate",outcome="allowed"}'] == 1
    assert figures['portero_decisions_total{operation="ContainerCreate",outcome="refused"}'] == 1
    assert figures['portero_violations_total{action="deny",rule="no-privileged"}'] == 1
    assert figures['portero_violations_total{action="audit",rule="image-digest"}'] == 2
    assert figures['portero_decision_seconds_bucket{le="0.005"}'] == 1
    assert figures["portero_decision_seconds_count"] == 2


def waived(*exceptions: str) -> list[Violation]:
    return [Violation("some-rule", "baseline", "", "waived", "", {}, exception=one) for one in exceptions]


def test_an_exception_counts_once_in_a_decision_however_many_violations_it_waives() -> None:
    metrics = Metrics()

    metrics.decided(decision("ContainerCreate", REPORT, *waived("a", "a", "b")), 0.001)
    metrics.decided(decision("ContainerCreate", *waived("a")), 0.001)
    metrics.decided(decision("ContainerCreate", RULE), 0.001)

    so_far = metrics.so_far()
    assert so_far.exceptions == {"a": 2, "b": 1}
    assert (so_far.allowed, so_far.refused) == (2, 1)


def test_failures_so_far_are_told_apart() -> None:
    metrics = Metrics()
    metrics.load_failed()
    metrics.log_failed()
    metrics.log_failed()

    so_far = metrics.so_far()

    assert (so_far.load_failures, so_far.log_failures) == (1, 2)
    assert (so_far.allowed, so_far.refused, so_far.exceptions) == (0, 0, {})


def test_operations_in_labels_are_those_that_are_known() -> None:
    metrics = Metrics(["ContainerCreate"])

    for operation in ("", "Unknown", "Made-up", "Made-up-too"):
        metrics.decided(decision(operation, refusal("unknown-operation", "")), 0.001)

    counted = {name: value for name, value in told(metrics).items() if name.startswith("portero_decisions_total")}
    assert counted == {
        'portero_decisions_total{operation="Unknown",outcome="refused"}': 3,
        'portero_decisions_total{operation="unreadable",outcome="refused"}': 1,
        'portero_decisions_total{operation="unreadable",outcome="allowed"}': 0,
    }


def test_loads_failures_and_lost_log_lines_are_told() -> None:
    metrics = Metrics()
    metrics.policy_loaded(1795534890.5, enforcing=False)
    metrics.load_failed()
    metrics.log_failed()

    figures = told(metrics)
    assert figures["portero_policy_loaded_timestamp_seconds"] == 1795534890.5
    assert figures["portero_enforcing"] == 0
    assert figures["portero_policy_load_failures_total"] == figures["portero_log_failures_total"] == 1


def test_figures_that_cannot_be_counted_are_said_once_and_refuse_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics = Metrics(["ContainerCreate"])
    monkeypatch.setattr(values, "ValueClass", None)

    metrics.decided(decision("ContainerCreate"), 0.001)
    metrics.decided(decision("ContainerCreate"), 0.001)

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("portero: metrics are not counted any more (TypeError: ")


def test_processes_count_together_and_their_successors_go_on(tmp_path: Path) -> None:
    # Forks of one process that counts already, as gunicorn's workers are of its master.
    script = tmp_path / "script.py"
    script.write_text(
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from portero.metrics import Metrics, shared_folder\n"
        f"sys.path.insert(0, {str(ROOT / 'tests')!r})\n"
        "from test_metrics import decision\n"
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
