"""Secrets inside a text of any kind: commands, URLs, options, Dockerfile lines. Out comes the text with masks instead.

Every pattern begins only where a word begins and ends where it ends, so that none is slow on a text made for it.
"""

import re
from collections.abc import Iterator

from portero.facts.secret_names import looks_secret

MASK = "***"

_URL_PASSWORD = re.compile(r"(?P<user>://[^/?#\s:]*+):[^/?#\s]*@")
_TOKEN = re.compile(
    r"(?<![A-Za-z0-9_-])(?:"
    r"A[KS]IA[A-Z0-9]{16}"  # Amazon
    r"|gh[opsru]_[A-Za-z0-9]{20,255}+|github_pat_[A-Za-z0-9_]{20,255}+|glpat-[A-Za-z0-9_-]{20,255}+"
    r"|dckr_[a-z]{3}_[A-Za-z0-9_-]{20,255}+|SWM(?:TKN|KEY)-1-[A-Za-z0-9+/=-]{20,255}+"  # Docker
    r"|xox[a-z]-[A-Za-z0-9-]{10,255}+"  # Slack
    r"|eyJ[A-Za-z0-9_-]{8,8192}+\.[A-Za-z0-9_-]{8,8192}+\.[A-Za-z0-9_-]{0,8192}+"  # JSON web tokens
    r")"
)
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*", re.DOTALL)
_SCHEME = re.compile(r"\b(?P<scheme>Bearer|Basic)\s++[^\s\"',;]++", re.IGNORECASE)
# NAME=value, "name": "value", Name: value
_HEAD = re.compile(r"(?<![\w.-])(?P<name>[\w.-]++)[\"']?+[ \t]{0,20}+[=:][ \t]{0,20}+")
_VALUE = re.compile(r"(?P<quote>[\"']?)(?P<bare>(?:(?<=\")[^\"]++|(?<=')[^']++|[^\s,;&\"']++))")
# ENV NAME value, the old way
_OLD_ENV = re.compile(r"^(?P<name>[ \t]*+ENV[ \t]++(?P<variable>[\w.-]++))[ \t]++(?P<value>[^\n]++)", re.I | re.M)


def text(raw: str) -> str:
    """The text with a mask for each secret in it."""
    plain = _PRIVATE_KEY.sub(MASK, raw)
    plain = url(plain)
    plain = _TOKEN.sub(MASK, plain)
    plain = _SCHEME.sub(rf"\g<scheme> {MASK}", plain)
    plain = _OLD_ENV.sub(_old_env, plain)
    return "".join(_without_values(plain))


def hidden(name: str, value: str) -> str:
    """What replaces a value that looks secret under its name, and still does so."""
    return MASK if looks_secret(name, MASK) else text(value)


def url(raw: str) -> str:
    """The same, of passwords in URLs only."""
    return _URL_PASSWORD.sub(rf"\g<user>:{MASK}@", raw)


def _without_values(raw: str) -> Iterator[str]:
    done = 0
    for head in _HEAD.finditer(raw):
        # A name is asked about before its value is looked for: in a=a=a=... each value reaches to the end.
        if head.start() < done or not looks_secret(head["name"].lstrip("-"), MASK):
            continue
        value = _VALUE.match(raw, head.end())
        if value and looks_secret(head["name"].lstrip("-"), value["bare"]):
            yield raw[done : value.start("bare")] + MASK
            done = value.end()
    yield raw[done:]


def _old_env(found: re.Match[str]) -> str:
    if not looks_secret(found["variable"], found["value"]):
        return found[0]
    return f"{found['name']} {MASK}"
