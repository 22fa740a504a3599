"""The configuration of an image made from a container: the body's Config, then the instructions in `changes`.

dockerd joins all changes and reads them as a Dockerfile (moby builder/dockerfile, BuildFromConfig and parser).
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from portero.decide.facts import process, secret_names
from portero.decide.values.json_fields import child, text, texts
from portero.decide.values.json_types import JSON, Fact

_AT = "?changes"
_ESCAPE = re.compile(r"#\s*escape\s*=\s*(?P<escape>[\\`])\s*", re.IGNORECASE)
_WHITE = re.compile(r"[\t\v\f\r ]+")
_DIRECTIVE = re.compile(r"#\s*[a-z]\w*\s*=.*", re.IGNORECASE)
# A word ends at white space that is neither quoted nor escaped. The possessive quantifiers keep the match linear.
_WORD = re.compile(r"""(?:[^\s"'\\]++|\\.?|"(?:[^"\\]|\\.)*+"?|'[^']*+'?)++""", re.DOTALL)


def read_config(body: Fact, query: Mapping[str, Sequence[str]]) -> dict[str, JSON]:
    """The facts of ImageCommit."""
    user = process.make_value(text(body, "User"), "User")
    healthcheck = process.read_healthcheck(child(body, "Healthcheck"), "Healthcheck")
    secrets = secret_names.find_in_env(texts(body, "Env"), "Env") + secret_names.find_in_map(
        child(body, "Labels"), "Labels[*]"
    )
    for line in _join_lines("\n".join(query.get("changes", ()))):
        instruction, _, rest = _WHITE.sub(" ", line.strip(), count=1).partition(" ")
        instruction, rest = instruction.upper(), rest.strip()
        if instruction == "USER":
            user = process.make_value(rest, _AT)
        elif instruction == "HEALTHCHECK":
            healthcheck = {"value": "none" if rest.upper() == "NONE" else "set", "at": _AT}
        elif instruction in ("ENV", "LABEL"):
            secrets += _find_secrets(rest)
    return {"secrets": secrets, "user": user, "healthcheck": healthcheck}


def _join_lines(text: str) -> Iterator[str]:
    """Logical lines, without comments and empty ones; the escape character at the end joins a line with the next."""
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    escape = re.escape(_escape(lines))
    # A doubled escape character is a plain one.
    continued, joined = re.compile(rf"(?:(?<!{escape})|^){escape}[ \t]*$"), ""
    for line in lines:
        if line.strip() == "" or line.lstrip().startswith("#"):
            continue
        part = continued.split(line, maxsplit=1)
        joined += part[0]
        if len(part) == 1:
            yield joined
            joined = ""
    yield joined


def _escape(lines: Sequence[str]) -> str:
    # Directives stand before everything else; the first other line ends them.
    for line in lines:
        if directive := _ESCAPE.fullmatch(line.strip()):
            return directive["escape"]
        if not _DIRECTIVE.fullmatch(line.strip()):
            break
    return "\\"


def _find_secrets(rest: str) -> list[JSON]:
    """From `NAME=value NAME="a b"` or, the old way, `NAME value`."""
    words = _WORD.findall(rest)
    if words and "=" not in words[0]:
        words = [f"{words[0]}={' '.join(words[1:])}"]
    pairs = [word.partition("=") for word in words]
    return [
        fact for name, _, value in pairs for fact in secret_names.find_in_map({_unquote(name): _unquote(value)}, _AT)
    ]


def _unquote(text: str) -> str:
    return text.strip("\"'")
