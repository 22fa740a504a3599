"""dockerd's command line: its words in, flags out."""

from collections.abc import Mapping, Sequence

# Flags whose name differs from the key in daemon.json (moby cmd/dockerd/config.go).
FLAG_OF_KEY: Mapping[str, str] = {
    "authorization-plugins": "authorization-plugin",
    "default-ulimits": "default-ulimit",
    "hosts": "host",
    "insecure-registries": "insecure-registry",
}
_SHORT = {"G": "group", "H": "host", "g": "data-root"}


def parse_flags(arguments: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The flags of a command line, each with all its values; a switch without a value is true (spf13/pflag)."""
    flags: dict[str, tuple[str, ...]] = {}
    for word, following in zip(arguments, (*arguments[1:], "--"), strict=False):
        if not word.startswith("-"):
            continue
        name, value = _split(word)
        if value is None:
            # dockerd takes no operands: what is no flag is the value of the one before.
            value = "true" if following.startswith("-") else following
        flags[name] = (*flags.get(name, ()), value)
    return flags


def _split(word: str) -> tuple[str, str | None]:
    if word.startswith("--"):
        name, equals, value = word[2:].partition("=")
        return name, value if equals else None
    # -D is the only short switch that means anything; another may follow it in the same word.
    letters = word[2:] if word.startswith("-D") and len(word) > 2 else word[1:]
    return _SHORT.get(letters[:1], letters[:1]), letters[1:].removeprefix("=") or None
