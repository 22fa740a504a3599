"""Where a container's output goes: LogConfig of a container, LogDriver of a service."""

from portero.facts.fields import child, text
from portero.types import Fact


def read_create(config: Fact) -> Fact:
    """From a HostConfig."""
    log = child(config, "LogConfig")
    return _log(text(log, "Type"), child(log, "Config"), "HostConfig.LogConfig")


def read_service(task: Fact) -> Fact:
    """From a TaskTemplate."""
    driver = child(task, "LogDriver")
    return _log(text(driver, "Name"), child(driver, "Options"), "TaskTemplate.LogDriver")


def _log(driver: str, options: Fact, at: str) -> Fact:
    return {"driver": driver, "options": [*options], "at": at}
