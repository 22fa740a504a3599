"""Whose an existing object is: what its label says, and where the label of something else counts.

A task, and its container, belong to their service's owner, whatever their own labels say. A container of an image that
was made of a task's has those labels, but not such a name: its own owner label counts. An anonymous volume without the
label belongs to the owner of the containers that mount it. A step of a classic build runs in a container with the
labels of the image before it, which another user may have made. In: an object as dockerd shows it. Out: its owner.
"""

from portero.decide.interfaces.existing import ExistingContainer, ExistingObject
from portero.decide.objects.object_use import Meanings, located
from portero.decide.ownership.own_lists import has_name_of_task
from portero.decide.ownership.owner_names import OwnerNames
from portero.decide.values.docker_names import is_digest
from portero.decide.values.json_fields import child, objects, text

# dockerd writes them: into the container of a task, and into a volume that has no name.
_TASK, _ANONYMOUS = "com.docker.swarm.task.id", "com.docker.volume.anonymous"


def find_owner(one: ExistingObject, owners: OwnerNames, meanings: Meanings, at: str) -> str:
    """A user, or group: and a group; "": the operators. Raises Refused (lookup-failed)."""
    if one.kind == "task":
        return _find_owner_of_task(one, owners, meanings, at)
    with located(at):
        owner, task = text(one.labels, owners.label), text(one.labels, _TASK)
    if one.kind == "container" and task:
        found = meanings.inspect("task", task, at)
        # Anyone can give a container this label, and so can an image: only the task itself says which it has.
        status = child(child(found.shown, "Status"), "ContainerStatus") if found is not None else {}
        if found is not None and text(status, "ContainerID") == one.id:
            return _find_owner_of_task(found, owners, meanings, at)
        # Of one that is called so the task may be gone, or seen by managers alone.
        if has_name_of_task(task, [one.name]):
            return ""
    if one.kind == "volume" and not owner and _ANONYMOUS in one.labels:
        return _find_owner_of_users(one.name, owners, meanings, at)
    if owner and isinstance(one, ExistingContainer) and _may_be_build_step(one, owner, owners, meanings, at):
        return ""
    return owner


def _may_be_build_step(
    container: ExistingContainer, owner: str, owners: OwnerNames, meanings: Meanings, at: str
) -> bool:
    """Whether it can be that of a step: it has no log, calls its image by the ID, and has the label from there.

    Who builds is not known of it. A create that says whose it is has the label of its own (owner-label-own).
    """
    with located(at):
        name, log = text(container.config, "Image"), text(child(container.host_config, "LogConfig"), "Type")
        if log != "none" or not is_digest(name):
            return False
        image = meanings.inspect("image", name, at)
        labels = child(child(image.shown, "Config"), "Labels") if image is not None else {owners.label: owner}
        return text(labels, owners.label) == owner


def _find_owner_of_task(task: ExistingObject, owners: OwnerNames, meanings: Meanings, at: str) -> str:
    """A task without a service attaches a container to a network, which has no owner."""
    if not (id := text(task.shown, "ServiceID")):
        return ""
    service = meanings.inspect("service", id, at)
    return "" if service is None else text(service.labels, owners.label)


def _find_owner_of_users(volume: str, owners: OwnerNames, meanings: Meanings, at: str) -> str:
    """The caller, where all containers that mount the volume, and there is one, are the caller's."""
    with located(at):
        listed = meanings.objects.list_all("container")
    mounting = [each for each in listed if any(text(one, "Name") == volume for one in objects(each, "Mounts"))]
    found = [meanings.inspect("container", text(each, "Id"), at) for each in mounting]
    whose = {find_owner(one, owners, meanings, at) for one in found if isinstance(one, ExistingContainer)}
    return min(whose) if whose and whose <= owners.names else ""
