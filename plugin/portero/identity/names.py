"""Names of users and groups as certificates and tokens give them: one line of text, not too long."""

_LONGEST = 128


def is_name(text: object) -> bool:
    """Whether this can be the name of a user or a group: no control characters, no spaces around it."""
    return isinstance(text, str) and 0 < len(text) <= _LONGEST and text.isprintable() and text == text.strip()
