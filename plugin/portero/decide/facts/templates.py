"""Go templates of a request that dockerd expands, and which of them can grow beyond what they hold.

dockerd expands the tag of a log driver when it starts the container, and swarm variables, hostname and mounts of each
task, and the data of secrets and configs with Templating: `{{range 1000000000}}x{{end}}` takes all memory (measured).
A template without loops, templates in templates and functions that repeat takes as much as it is long. `join` repeats
what it puts between, so that it may stand once.
"""

import re
from base64 import b64decode
from collections.abc import Iterable, Iterator

from portero.decide.values.json_fields import JSON, Fact, as_text, child, objects, text, texts

# Of all templates of a request together, each of which can bring a long label; and the letters of one of them.
MAX_ACTIONS, _MAX_ACTION_LENGTH = 200, 1024
_OPEN, _CLOSE = "{{", "}}"
# A part of an action, as Go's text/template reads it: a quoted text, the end, or anything else.
_PART = re.compile(r"""(?P<quoted>"(?:\\.|[^"\\\n])*"|`[^`]*`|'(?:\\.|[^'\\\n])*')|\}\}|[^"`'}]+|.""", re.DOTALL)
# It stands right behind the braces, or Go reads nothing of the template.
_COMMENT = re.compile(r"\{\{(?:-\s)?/\*")
# A keyword or the name of a function, but no field and no variable.
_WORD = re.compile(r"(?<![\w.$])[A-Za-z_]\w*")
_PLAIN = frozenset(
    {
        *("if", "else", "end", "with", "and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "nil", "true", "false"),
        *("len", "index", "slice", "title", "lower", "upper", "truncate", "split", "join"),
        *("env", "secret", "config"),
    }
)
_TAG, _TOO_LONG = "tag", "$ long"


def read_create(config: Fact) -> list[JSON]:
    """From a HostConfig."""
    return _find_growing(_list_tags(child(child(config, "LogConfig"), "Config"), "HostConfig.LogConfig.Config"))


def read_service(task: Fact) -> list[JSON]:
    """From a TaskTemplate."""
    return _find_growing([*_list_tags_of_task(task, "TaskTemplate."), *_list_of_spec(child(task, "ContainerSpec"))])


def read_swarm(spec: Fact, prefix: str) -> list[JSON]:
    """From the Spec of SwarmInit (prefix `Spec.`) or of SwarmUpdate."""
    return _find_growing(_list_tags_of_task(child(spec, "TaskDefaults"), f"{prefix}TaskDefaults."))


def read_secret(body: Fact) -> list[JSON]:
    """Of secrets and configs, created or updated; what is not base64 dockerd refuses."""
    if not child(body, "Templating"):
        return []
    try:
        data = b64decode(text(body, "Data")).decode(errors="replace")
    except ValueError:
        return []
    return _find_growing([("Data", data)])


def _list_tags_of_task(task: Fact, prefix: str) -> Iterator[tuple[str, str]]:
    return _list_tags(child(child(task, "LogDriver"), "Options"), f"{prefix}LogDriver.Options")


def _list_tags(options: Fact, at: str) -> Iterator[tuple[str, str]]:
    if _TAG in options:
        yield f"{at}[*]", text(options, _TAG)


def _list_of_spec(spec: Fact) -> Iterator[tuple[str, str]]:
    """Each text with its place (swarmkit template/expand.go)."""
    at = "TaskTemplate.ContainerSpec"
    yield from ((f"{at}.Env[{index}]", variable) for index, variable in enumerate(texts(spec, "Env")))
    yield f"{at}.Hostname", text(spec, "Hostname")
    for index, mount in enumerate(objects(spec, "Mounts")):
        options = child(mount, "VolumeOptions")
        maps = (child(options, "Labels"), child(child(options, "DriverConfig"), "Options"))
        values = (as_text(value, "") for each in maps for value in each.values())
        for value in (text(mount, "Source"), text(mount, "Target"), *values):
            yield f"{at}.Mounts[{index}]", value


def _find_growing(templates: Iterable[tuple[str, str]]) -> list[JSON]:
    actions, joins, growing = 0, 0, []
    for at, template in templates:
        for words in map(_WORD.findall, list_actions(template)) if _OPEN in template else ():
            actions, joins = actions + 1, joins + words.count("join")
            if actions > MAX_ACTIONS or joins > 1 or not _PLAIN.issuperset(words):
                growing.append(at)
                break
    return [{"at": at} for at in dict.fromkeys(growing)]


def list_actions(template: str) -> Iterator[str]:
    """Each action without its quoted texts. One that is too long has a word and a field that are not plain."""
    position = template.find(_OPEN)
    while position >= 0:
        if comment := _COMMENT.match(template, position):
            end = template.find("*/", comment.end())
            if end < 0:
                return
            position = template.find(_OPEN, end)
            continue
        code, is_closed = [], False
        position += len(_OPEN)
        for part in _PART.finditer(template, position, position + _MAX_ACTION_LENGTH):
            position = part.end()
            if is_closed := part[0] == _CLOSE:
                break
            code.append(" " if part["quoted"] else part[0])
        yield "".join(code) if is_closed or position == len(template) else _TOO_LONG
        position = template.find(_OPEN, position)
