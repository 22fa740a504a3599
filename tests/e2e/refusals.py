"""Reads the denial that a person sees back into the rules it names."""

import re

REFUSED = "authorization denied by plugin portero"
_LINE = re.compile(r"^  ([a-z0-9-]+) +\S", re.MULTILINE)


def refusing(text: str) -> list[str]:
    """The rule ids and refusal codes in a denial, empty when the text is none."""
    # curl shows dockerd's JSON, in which the lines are still escaped.
    plain = text.replace("\\n", "\n")
    return _LINE.findall(plain[plain.index(REFUSED) :]) if REFUSED in plain else []
