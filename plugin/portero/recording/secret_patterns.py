"""Masks secrets inside any text: commands, URLs, options, Dockerfile lines.

Every pattern begins and ends at the boundaries of a word, so that no text can make it slow.
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


def mask_text(raw: str) -> str:
    """The text with a mask for each secret in it."""
    plain = _PRIVATE_KEY.sub(MASK, raw)
    plain = mask_urls(plain)
    plain = _TOKEN.sub(MASK, plain)
    plain = _SCHEME.sub(rf"\g<scheme> {MASK}", plain)
    plain = _OLD_ENV.sub(_mask_old_env, plain)
    return "".join(_mask_values(plain))


def mask_value(name: str, value: str) -> str:
    """A replacement for a value that looks secret under its name; the replacement looks secret, too."""
    return MASK if looks_secret(name, MASK) else mask_text(value)


def mask_urls(raw: str) -> str:
    """The text with a mask for each password in a URL."""
    return _URL_PASSWORD.sub(rf"\g<user>:{MASK}@", raw)


def _mask_values(raw: str) -> Iterator[str]:
    end = 0
    for head in _HEAD.finditer(raw):
        # The name is tested before the value is matched: in a=a=a=... each value reaches to the end of the text.
        if head.start() < end or not looks_secret(head["name"].lstrip("-"), MASK):
            continue
        value = _VALUE.match(raw, head.end())
        if value and looks_secret(head["name"].lstrip("-"), value["bare"]):
            yield raw[end : value.start("bare")] + MASK
            end = value.end()
    yield raw[end:]


def _mask_old_env(match: re.Match[str]) -> str:
    return f"{match['name']} {MASK}" if looks_secret(match["variable"], match["value"]) else match[0]
