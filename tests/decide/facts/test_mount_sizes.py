"""Mounts of every kind are counted, and all their texts measured, at the field that has the most."""

import pytest

from portero.decide.facts.mount_sizes import add_image, measure_create, measure_service
from portero.decide.values.json_fields import JSON

VOLUME: JSON = {"Type": "volume", "Source": "data", "Target": "/a", "VolumeOptions": {"Labels": {"ab": "cd"}}}


@pytest.mark.parametrize(
    ("body", "count", "size", "at"),
    [
        ({}, 0, 0, "HostConfig.Binds"),
        ({"HostConfig": {"Binds": ["/a:/b", "c:/d"], "Mounts": None}}, 2, 9, "HostConfig.Binds"),
        ({"HostConfig": {"Tmpfs": {"/é": "size=1"}}}, 1, 9, "HostConfig.Tmpfs"),
        ({"Volumes": {"/a": {}, "/b": {}}, "HostConfig": {}}, 2, 4, "Volumes"),
        # A container of --volumes-from brings what it has.
        ({"HostConfig": {"VolumesFrom": ["web"]}}, 16, 3, "HostConfig.VolumesFrom"),
    ],
)
def test_mounts_of_a_create(body: dict[str, JSON], count: int, size: int, at: str) -> None:
    assert measure_create(body) == {"mountCount": {"value": count, "at": at}, "mountSize": {"value": size, "at": at}}


def test_mounts_of_a_service_with_the_names_of_their_fields() -> None:
    found = measure_service({"TaskTemplate": {"ContainerSpec": {"Mounts": [VOLUME]}}})

    at = "TaskTemplate.ContainerSpec.Mounts"
    names = "TypevolumeSourcedataTarget/aVolumeOptionsLabelsabcd"
    assert found == {"mountCount": {"value": 1, "at": at}, "mountSize": {"value": len(names), "at": at}}


def test_volumes_of_an_image_count_where_nothing_else_is_mounted() -> None:
    facts: dict[str, JSON] = {"mountCount": {"value": 2}, "mountSize": {"value": 9}, "mounts": [{"target": "/a"}]}

    both = {"imageMountCount": {"value": 3, "at": "Image"}, "imageMountSize": {"value": 12, "at": "Image"}}
    assert add_image({"Config": {"Volumes": {"/a/": {}, "/é": {}}}}, facts, "Image") == both
    assert add_image({"Config": {"Volumes": None}}, facts, "Image") == add_image(None, facts, "Image") == {}
