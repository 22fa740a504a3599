"""`objects` of a request document: what exists of that which a request uses, each part by its describer."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from portero.decide.objects.container_files import describe_container_files
from portero.decide.objects.existing_image import describe_image
from portero.decide.objects.existing_objects import describe_used
from portero.decide.objects.image_vouching import describe_vouching
from portero.decide.objects.joined_containers import describe_unseen
from portero.decide.objects.new_objects import describe_new
from portero.decide.objects.object_use import ObjectUse
from portero.decide.objects.other_plugins import describe_other_plugin
from portero.decide.objects.owned_objects import describe_owners
from portero.decide.objects.owner_programs import describe_owner_programs
from portero.decide.values.json_types import JSON

# Each gives the parts that are its own, {} where the operation has none, and asks only what it needs for these.
_Describer: TypeAlias = Callable[[ObjectUse], dict[str, JSON]]
_DESCRIBERS: Sequence[_Describer] = (
    describe_owners,
    describe_vouching,
    describe_owner_programs,
    describe_used,
    describe_unseen,
    describe_new,
    describe_other_plugin,
    describe_container_files,
    describe_image,
)


def describe_objects(use: ObjectUse) -> dict[str, JSON]:
    """All of them. Raises Refused (lookup-failed, writers-unknown, host-unreadable) where it cannot be found out."""
    return {part: facts for describe in _DESCRIBERS for part, facts in describe(use).items()}
