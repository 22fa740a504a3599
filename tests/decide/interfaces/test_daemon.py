"""For a command nothing changes: what exists is asked for in one way, and finding it anew says so."""

from collections.abc import Mapping, Sequence

from portero.decide.interfaces.daemon import ListedKind, ObjectKind, StillObjects
from portero.decide.values.json_fields import JSON


class Still(StillObjects):
    def list_all(self, kind: ListedKind) -> Sequence[Mapping[str, JSON]]:
        return ()

    def inspect(self, kind: ObjectKind, name: str) -> Mapping[str, JSON] | None:
        return {"Id": name}

    def info(self) -> Mapping[str, JSON]:
        return {}


def test_what_is_still_is_never_found_anew() -> None:
    still = Still()
    still.gather("secret", ["a"])

    assert (still.inspect_briefly("container", "web"), still.refresh()) == ({"Id": "web"}, False)
