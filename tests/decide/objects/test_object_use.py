"""What names mean is found once for a request, and again for none where no daemon is asked."""

from portero.decide.objects.object_use import ObjectFindings
from tests.observe.host.fixed_objects import FixedHost


def test_meanings_are_made_once_for_a_request() -> None:
    host, findings = FixedHost({"objects": {}}), ObjectFindings()

    assert findings.find_meanings(host) is findings.find_meanings(host) is not None
    assert ObjectFindings().find_meanings(FixedHost({})) is None
