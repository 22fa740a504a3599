"""facts.device_access: what a refused copy is told to type instead."""

import pytest

from portero.decide.facts.collect import collect_facts
from portero.observe.host.fixed_host import FixedHost

ID = "0123456789ab" * 5 + "cdef"


@pytest.mark.parametrize(
    ("operation", "container", "instead"),
    [
        ("ContainerArchive", "web", "`docker exec web tar -cC FOLDER FILE | tar -x`"),
        ("ContainerArchive", "/web", "`docker exec web tar -cC FOLDER FILE | tar -x`"),
        ("PutContainerArchive", "web", "`tar -c FILE | docker exec -i web tar -xC FOLDER`"),
        ("PutContainerArchive", ID, "`tar -c FILE | docker exec -i 0123456789ab tar -xC FOLDER`"),
        ("ContainerExport", "web", "`docker exec web tar -cC / FOLDER > FILE`"),
    ],
)
def test_a_copy_can_be_made_by_the_tar_of_the_container(operation: str, container: str, instead: str) -> None:
    found = collect_facts(operation, None, {}, {"id": container}, FixedHost({"devices": "open"}))

    assert found == {"deviceAccess": {"value": "open", "instead": instead, "at": "path.id"}}


def test_a_commit_is_read_as_builds_are() -> None:
    fact = collect_facts("ImageCommit", None, {}, {}, FixedHost({}))["deviceAccess"]

    assert fact == {
        "value": "unknown",
        "instead": "build on a separate machine, push, and docker pull here",
        "at": "?container",
    }


@pytest.mark.parametrize(
    ("operation", "value"),
    [("ImageCommit", "open"), ("ImageBuild", "open"), ("ImageLoad", "closed"), ("ContainerExport", "closed")],
)
def test_what_commits_counts_containerd_too(operation: str, value: str) -> None:
    host = FixedHost({"devices": "closed", "containerdDevices": "open"})

    fact = collect_facts(operation, None, {}, {"id": "web"}, host)["deviceAccess"]

    assert isinstance(fact, dict)
    assert fact["value"] == value
