"""Where a container's output goes: LogConfig of a container, LogDriver of a service and of a whole swarm."""

from portero.facts import log_options
from portero.facts.fields import child, text
from portero.types import Fact


def read_create(config: Fact) -> Fact:
    """From a HostConfig."""
    log = child(config, "LogConfig")
    return _log(text(log, "Type"), child(log, "Config"), "HostConfig.LogConfig", "Config")


def read_service(task: Fact) -> Fact:
    """From a TaskTemplate."""
    return _read_driver(task, "TaskTemplate.LogDriver")


def read_swarm(spec: Fact, prefix: str) -> Fact:
    """From the Spec of SwarmInit (prefix `Spec.`) or of SwarmUpdate."""
    return _read_driver(child(spec, "TaskDefaults"), f"{prefix}TaskDefaults.LogDriver")


def _read_driver(source: Fact, at: str) -> Fact:
    driver = child(source, "LogDriver")
    return _log(text(driver, "Name"), child(driver, "Options"), at, "Options")


def _log(driver: str, options: Fact, at: str, field: str) -> Fact:
    return {"driver": driver, "options": [*options], **log_options.parse(options, f"{at}.{field}"), "at": at}
