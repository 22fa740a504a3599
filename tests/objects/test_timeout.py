"""Lookups wait two seconds, until several had no answer within a moment."""

import pytest

from portero.objects import timeout
from portero.objects.timeout import LookupTimeout


def test_after_several_silences_less_is_waited_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(timeout.time, "monotonic", lambda: now)
    found = LookupTimeout()
    waited = []
    for _ in range(5):
        waited.append(found.find_seconds())
        found.note_silence()
        now += 1

    assert waited == [2.0, 2.0, 2.0, 2.0, 0.3]
    now = 110.9
    assert found.find_seconds() == 0.3
    now = 111.0
    assert found.find_seconds() == 2.0
