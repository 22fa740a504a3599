"""Where a container's output goes: LogConfig of a container, LogDriver of a service."""

from portero.facts.fields import child, text
from portero.types import Fact


def of_create(config: Fact) -> Fact:
    """From a HostConfig."""
    told = child(config, "LogConfig")
    return _log(text(told, "Type"), child(told, "Config"), "HostConfig.LogConfig")


def of_service(task: Fact) -> Fact:
    """From a TaskTemplate."""
    told = child(task, "LogDriver")
    return _log(text(told, "Name"), child(told, "Options"), "TaskTemplate.LogDriver")


def _log(driver: str, options: Fact, said: str) -> Fact:
    return {"driver": driver, "options": [*options], "at": said}
