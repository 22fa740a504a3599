"""What docker means by a name of an image without a registry: docker.io, and library/ before a single word."""

HUB = "docker.io"


def whole_repository(name: str) -> str:
    """The repository on Docker's own registry: busybox is library/busybox."""
    return name if "/" in name else f"library/{name}"
