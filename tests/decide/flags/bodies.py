"""Request documents that flags change."""

from typing import Any


def document(**body: Any) -> dict[str, Any]:
    """One with this body."""
    return {"body": body}
