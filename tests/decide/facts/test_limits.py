"""Limits in plain units, in every syntax."""

from typing import Any

import pytest

from portero.decide.facts import limits
from portero.decide.values.json_fields import JSON

MIB = 2**20


def values(found: dict[str, Any]) -> dict[str, float]:
    return {name: number["value"] for name, number in found.items() if number["value"] is not None}


def of_create(**config: JSON) -> dict[str, float]:
    return values(limits.read_create(config))


def of_update(**body: JSON) -> dict[str, float]:
    return values(limits.read_update(body))


def test_nothing_set_is_no_limit() -> None:
    assert of_create() == {}
    assert of_update() == {}
    assert values(limits.read_service({})) == {}


def test_zero_says_nothing_to_create() -> None:
    assert of_create(Memory=0, MemorySwap=0, NanoCpus=0, PidsLimit=0, KernelMemory=0, OomScoreAdj=0, ShmSize=0) == {}


@pytest.mark.parametrize(
    ("memory", "memory_swap", "found", "swap"),
    [
        (MIB, 0, None, MIB),
        (MIB, MIB, MIB, 0),
        (MIB, 3 * MIB, 3 * MIB, 2 * MIB),
        (MIB, -1, -1, -1),
        (MIB, -5, -1, -1),
        (2 * MIB, MIB, MIB, 0),
        (0, -1, -1, -1),
        (0, MIB, MIB, None),
        (-1, 0, None, None),
    ],
)
def test_swap_is_what_lies_beyond_memory(memory: int, memory_swap: int, found: int | None, swap: int | None) -> None:
    facts = of_create(Memory=memory, MemorySwap=memory_swap)

    assert (facts.get("memorySwap"), facts.get("swap")) == (found, swap)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"Memory": MIB}, {"memory": MIB}),
        ({"MemorySwap": -1}, {"memorySwap": -1, "swap": -1}),
        ({"CpuQuota": -1}, {"cpuQuota": -1, "cpus": -1}),
        ({"NanoCpus": 1}, {"cpus": -1}),
        ({"NanoCpus": 500_000_000, "CpuQuota": -1}, {"cpuQuota": -1, "cpus": -1}),
    ],
    ids=str,
)
def test_an_update_can_lift_a_limit_and_leaves_unknown_what_it_does_not_say(body: Any, found: Any) -> None:
    assert of_update(**body) == found


@pytest.mark.parametrize(
    ("config", "cpus"),
    [
        ({"NanoCpus": 500_000_000}, 0.5),
        ({"NanoCpus": 10_000}, 0.00001),
        ({"NanoCpus": 9_999}, None),
        ({"CpuQuota": 50_000}, 0.5),
        ({"CpuQuota": 50_000, "CpuPeriod": 25_000}, 2),
        ({"CpuQuota": 50_000, "CpuPeriod": -1}, 0.5),
        ({"NanoCpus": 500_000_000, "CpuQuota": 200_000}, 2),
        ({"CpuQuota": -1}, None),
        ({"NanoCpus": 500_000_000, "CpuQuota": -1}, None),
        ({"CpuPeriod": 50_000}, None),
    ],
)
def test_cpus_come_from_either_way_to_say_them(config: dict[str, JSON], cpus: float | None) -> None:
    assert of_create(**config).get("cpus") == cpus


@pytest.mark.parametrize(("pids", "create", "update"), [(9, 9, 9), (0, None, -1), (-1, -1, -1), (-7, -1, -1)])
def test_pids_of_zero_and_below_are_unlimited(pids: int, create: int | None, update: int) -> None:
    assert of_create(PidsLimit=pids).get("pids") == create
    assert of_update(PidsLimit=pids)["pids"] == update


def test_a_swappiness_of_minus_one_is_not_set() -> None:
    assert of_create(MemorySwappiness=-1) == {}
    assert of_create(MemorySwappiness=0) == {"memorySwappiness": 0}


def test_kernel_memory_has_a_share_of_memory() -> None:
    assert of_create(Memory=4 * MIB, KernelMemory=MIB)["kernelMemoryShare"] == 25
    assert "kernelMemoryShare" not in of_create(KernelMemory=MIB)
    assert "kernelMemoryShare" not in of_create(Memory=MIB, KernelMemory=-1)


def test_a_service_says_limits_in_its_resources() -> None:
    task: Any = {
        "ContainerSpec": {"OomScoreAdj": -500},
        "Resources": {
            "Limits": {"MemoryBytes": 2 * MIB, "NanoCPUs": 1_500_000_000, "Pids": 7},
            "Reservations": {"MemoryBytes": MIB},
            "MemorySwappiness": 10,
        },
    }

    assert values(limits.read_service(task)) == {
        "memory": 2 * MIB,
        "memoryReservation": MIB,
        "memoryReservationShare": 50,
        "swap": 2 * MIB,
        "memorySwappiness": 10,
        "cpus": 1.5,
        "pids": 7,
        "oomScoreAdj": -500,
    }


@pytest.mark.parametrize(("swap_bytes", "memory_swap", "swap"), [(0, MIB, 0), (MIB, 2 * MIB, MIB), (-1, -1, -1)])
def test_a_service_s_swap_is_counted_beyond_memory(swap_bytes: int, memory_swap: int, swap: int) -> None:
    found: Any = limits.read_service({"Resources": {"Limits": {"MemoryBytes": MIB}, "SwapBytes": swap_bytes}})

    assert (found["memorySwap"]["value"], found["swap"]["value"]) == (memory_swap, swap)


@pytest.mark.parametrize("name", ["NOFILE", "NoFile", "nof\u0131le"])
def test_a_ulimit_has_one_name_in_every_spelling_that_dockerd_takes(name: str) -> None:
    found: Any = limits.read_ulimits({"Ulimits": [{"Name": name}]}, "HostConfig.Ulimits")

    assert found[0]["name"] == "nofile"


FIELDS = {
    "memory": "Memory",
    "memoryReservation": "MemoryReservation",
    "memoryReservationShare": "MemoryReservation",
    "memorySwap": "MemorySwap",
    "swap": "MemorySwap",
    "memorySwappiness": "MemorySwappiness",
    "kernelMemory": "KernelMemory",
    "kernelMemoryShare": "KernelMemory",
    "cpus": "NanoCpus",
    "cpuShares": "CpuShares",
    "cpuPeriod": "CpuPeriod",
    "cpuQuota": "CpuQuota",
    "pids": "PidsLimit",
    "oomScoreAdj": "OomScoreAdj",
    "shmSize": "ShmSize",
    "shmShare": "ShmSize",
}


def _find_at(found: dict[str, Any]) -> dict[str, str]:
    return {name: number["at"] for name, number in found.items()}


def test_each_limit_names_its_field() -> None:
    assert _find_at(limits.read_update({})) == FIELDS
    assert _find_at(limits.read_create({})) == {name: f"HostConfig.{field}" for name, field in FIELDS.items()}


def test_each_limit_of_a_service_names_its_field() -> None:
    resources = "TaskTemplate.Resources"

    assert _find_at(limits.read_service({})) == dict.fromkeys(FIELDS, resources) | {
        "memory": f"{resources}.Limits.MemoryBytes",
        "memoryReservation": f"{resources}.Reservations.MemoryBytes",
        "memoryReservationShare": f"{resources}.Reservations.MemoryBytes",
        "memorySwap": f"{resources}.SwapBytes",
        "swap": f"{resources}.SwapBytes",
        "memorySwappiness": f"{resources}.MemorySwappiness",
        "cpus": f"{resources}.Limits.NanoCPUs",
        "pids": f"{resources}.Limits.Pids",
        "oomScoreAdj": "TaskTemplate.ContainerSpec.OomScoreAdj",
    }
