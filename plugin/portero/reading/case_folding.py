"""Field names compared as encoding/json does: without regard to case, U+017F and U+212A included."""

# Names are compared as Go folds them (src/encoding/json/fold.go). Docker's names are ASCII, so that of all other
# letters only the two that fold to an ASCII letter can match: U+017F (long s) and U+212A (the Kelvin sign).
_FOLDED = str.maketrans("abcdefghijklmnopqrstuvwxyz\u017f\u212a", "ABCDEFGHIJKLMNOPQRSTUVWXYZSK")


def fold(name: str) -> str:
    """Equal for two names exactly when Go takes both for the same field of Docker's."""
    return name.translate(_FOLDED)
