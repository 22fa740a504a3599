"""Values of flags as the docker command reads them: `512m`, `nofile=4096:10240`, `on-failure:3`; else ValueError."""

from portero.decide.values.go_values import parse_size
from portero.decide.values.json_fields import JSON

CPU_PERIOD = 100_000


def size(text: str) -> int:
    """512m -> 536870912."""
    if not text:
        raise ValueError("has no value")
    return parse_size(text.lower())


def cpus(text: str) -> int:
    """1.5 -> 1500000000 billionths of a CPU."""
    return round(float(text) * 1e9)


def ulimit(text: str) -> dict[str, JSON]:
    """nofile=4096:10240 -> an entry of Ulimits; the hard limit is the soft one when it is missing."""
    name, separator, limits = text.partition("=")
    soft, _, hard = limits.partition(":")
    if not separator:
        raise ValueError(f"'{text}' has no =")
    return {"Name": name, "Soft": int(soft), "Hard": int(hard or soft)}


def restart(text: str) -> JSON:
    """on-failure:3 -> the RestartPolicy of a container."""
    name, _, count = text.partition(":")
    return {"Name": name, "MaximumRetryCount": int(count or 0)}


def restart_of_service(text: str) -> dict[str, JSON]:
    """on-failure:3 -> the RestartPolicy of a task, which has other words."""
    name, _, count = text.partition(":")
    return {"Condition": {"no": "none", "always": "any"}.get(name, name), "MaxAttempts": int(count or 0)}


def restart_flags(text: str) -> list[tuple[str, JSON]]:
    """on-failure:3 -> the two flags of a service."""
    policy = restart_of_service(text)
    return [("--restart-condition", policy["Condition"]), ("--restart-max-attempts", policy["MaxAttempts"])]


def cpu_flags(text: str) -> list[tuple[str, JSON]]:
    """1.5 -> the two flags of a build, which has no --cpus."""
    return [("--cpu-period", CPU_PERIOD), ("--cpu-quota", round(float(text) * CPU_PERIOD))]


def gpu_flags(text: str) -> list[tuple[str, JSON]]:
    """all -> --gpus; the names of CDI devices, vendor.com/class=name, -> a --device each."""
    names = text.split(",")
    return [("--device", name) for name in names] if all("/" in name for name in names) else [("--gpus", text)]


def name(entry: JSON) -> JSON:
    """What tells entries apart that have a name."""
    return entry.get("Name") if isinstance(entry, dict) else None


def option(entry: JSON) -> JSON:
    """What tells security options apart: the part before the separator."""
    text = str(entry)
    return text.partition("=" if "=" in text else ":")[0]
