"""Block IO: rates and weights of the host's block devices, which create and update say alike."""

from collections.abc import Mapping

from portero.facts.devices import node
from portero.facts.fields import integer, objects, text
from portero.host.view import HostMoment
from portero.types import JSON, Fact

# Docker's field, the limit that it sets, and the name of the figure in it.
_FIELDS: Mapping[str, tuple[str, str]] = {
    "BlkioWeightDevice": ("weight", "Weight"),
    "BlkioDeviceReadBps": ("readBps", "Rate"),
    "BlkioDeviceWriteBps": ("writeBps", "Rate"),
    "BlkioDeviceReadIOps": ("readIOps", "Rate"),
    "BlkioDeviceWriteIOps": ("writeIOps", "Rate"),
}


def of(source: Fact, prefix: str, host: HostMoment) -> list[JSON]:
    """All of them; the weight that counts for every device has none. A link counts twice, as a device does."""
    facts = [_limit("", "weight", weight, f"{prefix}BlkioWeight")] if (weight := integer(source, "BlkioWeight")) else []
    return [
        *facts,
        *(
            _limit(path, limit, integer(device, figure) or 0, f"{prefix}{field}[{index}]")
            for field, (limit, figure) in _FIELDS.items()
            if field in source
            for index, device in enumerate(objects(source, field))
            for path in node(text(device, "Path"), f"{prefix}{field}[{index}]", host)
        ),
    ]


def _limit(device: str, limit: str, rate: int, said: str) -> Fact:
    return {"device": device, "limit": limit, "rate": rate, "at": said}
