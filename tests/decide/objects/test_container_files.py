"""What a container wrote into its hosts file counts before dockerd reads it."""

from dataclasses import replace

import pytest

from portero.decide.judging.judge import Judge
from portero.observe.host.path_entry import EntryFinder
from tests.decide.objects.test_existing_objects import container, decide, judge
from tests.observe.host.fixed_objects import FixedHost

__all__ = ["judge"]  # a fixture


@pytest.mark.parametrize("file", ["hosts", "resolv.conf"])
@pytest.mark.parametrize(
    ("path", "body", "at"),
    [
        ("/networks/app/connect", {"Container": "web"}, "Container"),
        ("/containers/web/start", None, "path.id"),
        ("/containers/web/restart", None, "path.id"),
    ],
)
def test_a_long_file_of_a_container_is_refused_and_a_short_one_is_not(
    judge: Judge, monkeypatch: pytest.MonkeyPatch, file: str, path: str, body: dict[str, str] | None, at: str
) -> None:
    web = container("web")
    one = replace(judge, host=FixedHost({"objects": {"container": {"web": web}}}))
    find, sizes = EntryFinder.find, {"/containers/" + str(web["Id"]) + f"/{file}": 2 << 20}
    monkeypatch.setattr(EntryFinder, "find", lambda self, path: replace(find(self, path), file_size=sizes.get(path, 0)))

    def ask() -> list[tuple[str, str]]:
        decision = decide(one, "POST", f"/v1.45{path}", body)
        return [(each.rule, each.at) for each in decision.denials]

    assert ("container-files-size", at) in ask()
    sizes.clear()
    assert ask() == []
