"""Resource limits in plain units (bytes, CPUs, counts), and ulimits.

Containers, services and builds spell the same limits in three ways; here they become one set of numbers.
"""

from collections.abc import Mapping

from portero.decide.values.json_fields import JSON, Fact, child, integer, objects, text

# dockerd turns less into a quota of 0 microseconds, which is no limit (daemon_unix.go, getCPUResources; measured).
_MIN_NANO_CPUS = 10_000
_DEFAULT_PERIOD = 100_000  # microseconds (moby daemon/daemon_unix.go, getCPUResources; kernel sched-bwc)

# The field of a HostConfig for each limit.
AT: Mapping[str, str] = {
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
_CREATE_AT: Mapping[str, str] = {name: f"HostConfig.{field}" for name, field in AT.items()}
_RESOURCES = "TaskTemplate.Resources"
# A service has no field for some of them; their `at` is its resources.
_SERVICE_AT: Mapping[str, str] = dict.fromkeys(AT, _RESOURCES) | {
    "memory": f"{_RESOURCES}.Limits.MemoryBytes",
    "memoryReservation": f"{_RESOURCES}.Reservations.MemoryBytes",
    "memoryReservationShare": f"{_RESOURCES}.Reservations.MemoryBytes",
    "memorySwap": f"{_RESOURCES}.SwapBytes",
    "swap": f"{_RESOURCES}.SwapBytes",
    "memorySwappiness": f"{_RESOURCES}.MemorySwappiness",
    "cpus": f"{_RESOURCES}.Limits.NanoCPUs",
    "pids": f"{_RESOURCES}.Limits.Pids",
    "oomScoreAdj": "TaskTemplate.ContainerSpec.OomScoreAdj",
}
_FIELDS = tuple(dict.fromkeys(AT.values()))


def read_create(config: Fact) -> Fact:
    """From a HostConfig."""
    return make_fact(config, _CREATE_AT, updating=False)


def read_update(body: Fact) -> Fact:
    """From ContainerUpdate: what is absent stays as it is."""
    return make_fact(body, AT, updating=True)


def read_service(task: Fact) -> Fact:
    """From a TaskTemplate."""
    resources = child(task, "Resources")
    limit, reserved = child(resources, "Limits"), child(resources, "Reservations")
    memory, swap = integer(limit, "MemoryBytes") or 0, integer(resources, "SwapBytes")
    config: Fact = {
        "Memory": memory,
        "MemoryReservation": integer(reserved, "MemoryBytes"),
        # SwapBytes (API 1.52) counts what lies beyond memory, MemorySwap the sum.
        "MemorySwap": None if swap is None else -1 if swap < 0 else memory + swap,
        "MemorySwappiness": integer(resources, "MemorySwappiness"),
        "NanoCpus": integer(limit, "NanoCPUs"),
        "PidsLimit": integer(limit, "Pids"),
        "OomScoreAdj": integer(child(task, "ContainerSpec"), "OomScoreAdj"),
    }
    return make_fact(config, _SERVICE_AT, updating=False)


def make_fact(config: Fact, at: Mapping[str, str], *, updating: bool) -> Fact:
    """The fact `limits`: every number with its `at`, null where there is none. `config`: as a HostConfig has them."""
    given = {field: integer(config, field) for field in _FIELDS}
    memory, reservation, kernel = given["Memory"] or 0, given["MemoryReservation"] or 0, given["KernelMemory"] or 0
    # getMemoryResources (daemon_unix.go) takes what is above 0 and nothing else.
    limit = memory if memory > 0 else None
    memory_swap = max(given["MemorySwap"] or 0, -1) or None
    swappiness = given["MemorySwappiness"]
    numbers: dict[str, float | None] = {
        "memory": limit,
        "memoryReservation": reservation if reservation > 0 else None,
        "memoryReservationShare": compute_share(reservation, limit),
        "memorySwap": memory_swap,
        "swap": _compute_swap(limit, memory_swap, updating=updating),
        "memorySwappiness": None if swappiness == -1 else swappiness,
        "kernelMemory": kernel or None,
        "kernelMemoryShare": compute_share(kernel, limit),
        "cpus": _compute_cpus(given, updating=updating),
        "cpuShares": given["CpuShares"] or None,
        "cpuPeriod": given["CpuPeriod"] or None,
        "cpuQuota": given["CpuQuota"] or None,
        "pids": _compute_pids(given["PidsLimit"], updating=updating),
        "oomScoreAdj": given["OomScoreAdj"] or None,
        "shmSize": given["ShmSize"] or None,
        "shmShare": compute_share(given["ShmSize"] or 0, limit),
    }
    fact: Fact = {name: {"value": number, "at": at[name]} for name, number in numbers.items()}
    if numbers["swap"] and memory_swap is None:
        fact["swap"] = {"value": numbers["swap"], "at": at["swap"], "added": True}
    return fact


def read_ulimits(source: Fact, at: str) -> list[JSON]:
    """The Ulimits of a HostConfig or a ContainerSpec."""
    return [
        {
            # dockerd writes names in capitals (daemon/oci_linux.go, WithRlimits), so that any spelling works.
            "name": text(limit, "Name").upper().lower(),
            "soft": integer(limit, "Soft") or 0,
            "hard": integer(limit, "Hard") or 0,
            "at": f"{at}[{index}]",
        }
        for index, limit in enumerate(objects(source, "Ulimits"))
    ]


def compute_share(number: int, memory: int | None) -> float | None:
    """In percent of memory."""
    return 100 * number / memory if memory and number > 0 else None


def _compute_swap(memory: int | None, memory_swap: int | None, *, updating: bool) -> int | None:
    if memory_swap == -1:
        return -1
    if memory is None:
        return None
    if memory_swap is not None:
        return max(memory_swap - memory, 0)
    # Create allows as much swap again (adaptContainerSettings); update leaves the sum as it was, which is not known.
    return None if updating else memory


def _compute_cpus(given: Mapping[str, int | None], *, updating: bool) -> float | None:
    nano_cpus, period, quota = given["NanoCpus"] or 0, given["CpuPeriod"] or 0, given["CpuQuota"] or 0
    if quota < 0:
        # It takes the place of NanoCpus at the start (docker-facts 7.17). None: create has none by default.
        return -1 if updating else None
    limits = []
    if nano_cpus >= _MIN_NANO_CPUS:
        limits.append(nano_cpus / 1e9)
    if quota > 0:
        limits.append(quota / (period if period > 0 else _DEFAULT_PERIOD))
    if limits:
        return max(limits)
    # Less than the least lifts the limit.
    return -1 if updating and nano_cpus > 0 else None


def _compute_pids(pids: int | None, *, updating: bool) -> int | None:
    # getPidsLimit (daemon_unix.go): 0 and below lift the limit.
    if pids is None or (pids == 0 and not updating):
        return None
    return pids if pids > 0 else -1
