"""Block IO: rates and weights of the host's block devices, in create and update."""

from collections.abc import Mapping

from portero.facts.devices import follow_device
from portero.facts.fields import integer, objects, text
from portero.host.view import HostMoment
from portero.types import JSON, Fact

# Docker's field, the limit that it sets, and the name of the number in it.
_FIELDS: Mapping[str, tuple[str, str]] = {
    "BlkioWeightDevice": ("weight", "Weight"),
    "BlkioDeviceReadBps": ("readBps", "Rate"),
    "BlkioDeviceWriteBps": ("writeBps", "Rate"),
    "BlkioDeviceReadIOps": ("readIOps", "Rate"),
    "BlkioDeviceWriteIOps": ("writeIOps", "Rate"),
}


def read_limits(source: Fact, prefix: str, host: HostMoment) -> list[JSON]:
    """All of them; the weight for every device has no path. A link counts twice, as in devices."""
    facts = [_limit("", "weight", weight, f"{prefix}BlkioWeight")] if (weight := integer(source, "BlkioWeight")) else []
    return [
        *facts,
        *(
            _limit(path, limit, integer(device, number) or 0, f"{prefix}{field}[{index}]")
            for field, (limit, number) in _FIELDS.items()
            if field in source
            for index, device in enumerate(objects(source, field))
            for path in follow_device(text(device, "Path"), f"{prefix}{field}[{index}]", host)
        ),
    ]


def read_update(body: Fact, host: HostMoment) -> list[JSON]:
    """Of ContainerUpdate; a list replaces the one before (API 1.55), so that an empty one lifts the limits: rate 0."""
    lifted = [
        _limit("", limit, 0, field)
        for field, (limit, _) in _FIELDS.items()
        if field in body and not objects(body, field)
    ]
    return [*read_limits(body, "", host), *lifted]


def _limit(device: str, limit: str, rate: int, at: str) -> Fact:
    return {"device": device, "limit": limit, "rate": rate, "at": at}
