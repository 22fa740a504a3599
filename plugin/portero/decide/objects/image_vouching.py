"""Who vouches for the images that a request runs: `objects.vouching` in the document.

A create is judged by the image that the daemon has under the name, what uses a container by the image that it was made
from, a service by the digest in the request. The name asked for says who must vouch; an ID is good for any entry.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import cast

from portero.decide.facts import image, mounts
from portero.decide.images.image_verdict import NOT_FETCHED, ImageQuery, find_denied, judge_image
from portero.decide.images.trust import ImageRecords, RecordUnreadable
from portero.decide.interfaces.existing import ExistingContainer
from portero.decide.objects.named_objects import Named, find_former, find_named, refuse_unclear
from portero.decide.objects.object_use import Meanings, ObjectUse, located
from portero.decide.values.dataclass import dataclass, replace
from portero.decide.values.docker_names import is_digest
from portero.decide.values.json_fields import JSON, Fact, child, objects, text, texts
from portero.decide.values.refusals import Refused

_SERVICE = "a service needs a digest here: nodes choose what a tag means"
_MOUNTED = "a mounted image needs a digest here: nothing looks at it again"


@dataclass(frozen=True, slots=True)
class _Image:
    """An image that would run. `named`: the fact about its name. `unknown`: why it cannot be known which image this is,
    whatever has the name now, and `cure` what helps then. `hints`: what registries call it. Any user can make
    the daemon say so: they help people, and prove nothing.
    """

    named: Mapping[str, JSON]
    digests: tuple[str, ...]
    hints: tuple[str, ...] = ()
    may_be_part: bool = False
    unknown: str = ""
    cure: str = ""


def describe_vouching(use: ObjectUse) -> dict[str, JSON]:
    """`vouching`, where rules act on it.

    Raises Refused (lookup-failed, host-unreadable) where these rules deny and it cannot be found out.
    """
    operation = use.operation.id
    acting = use.policy.acting_on_vouching(operation, use.profile) if "vouching" in use.looks_up else None
    if acting is None or use.images is None:
        return {}
    judge, list_images = _Vouching.of(use.images, use.time, use.meanings), _LISTERS.get(operation, _list_of_container)
    try:
        return {"vouching": [judge.make_fact(one) for one in list_images(use, judge)]}
    except Refused as refused:
        if acting == "deny":
            raise Refused(refused.code, refused.at or _find_place(operation)) from refused
    except RecordUnreadable as unreadable:
        if acting == "deny":
            raise Refused("host-unreadable", _find_place(operation)) from unreadable
    return {}


def describe_container(container: ExistingContainer, store: ImageRecords, time: float) -> dict[str, JSON]:
    """`vouching` of a start of this container. Raises RecordUnreadable."""
    judge = _Vouching.of(store, time, None)
    return {"vouching": [judge.make_fact(one) for one in _read_container(container)]}


def _find_place(operation: str) -> str:
    return "Image" if operation == "ContainerCreate" else "path.id"


def _list_of_create(use: ObjectUse, judge: "_Vouching") -> Iterator[_Image]:
    facts, trust = child(use.document, "facts"), judge.store.trust
    pinned = _find_pinned(child(facts, "image"), _SERVICE)
    # What lists say of it takes what dockerd and registries call it.
    by_records_alone = not (pinned.unknown or trust.denied or trust.allowed)
    if by_records_alone and replace(judge, meanings=None).make_fact(pinned)["vouched"]:
        # The daemon would name no other image, and the start asks it.
        yield pinned
    else:
        # Of a list of platforms: which one the container gets is known, and judged, once it is made.
        yield from _find_named(child(facts, "image"), use.meanings, may_be_part=True)
    for named in objects(facts, "mountedImages"):
        yield _find_mounted(named, use.meanings)


def _list_of_service(use: ObjectUse, judge: "_Vouching") -> Iterator[_Image]:
    facts = child(use.document, "facts")
    for named in (child(facts, "image"), *objects(facts, "mountedImages")):
        if named:
            yield _find_pinned(named, _SERVICE)
    if use.operation.id == "ServiceUpdate":
        yield from _find_former(use)


def _find_named(named: Mapping[str, JSON], meanings: Meanings | None, *, may_be_part: bool = False) -> Iterator[_Image]:
    """Of a create. What the daemon lacks runs nothing: it answers 404, and docker run pulls it and asks again."""
    if not text(named, "reference"):
        return
    if meanings is None:
        yield _Image(named, (), unknown="dockerd cannot be asked what image this is")
    elif (found := meanings.inspect("image", text(named, "reference"), "")) is not None:
        hints = tuple(texts(found.shown, "RepoDigests"))
        yield _Image(_name_image(named, found.id), (found.id,), hints, may_be_part)


def _name_image(named: Mapping[str, JSON], digest: str) -> Mapping[str, JSON]:
    """The fact about a name, without one where docker may have taken it for the beginning of this ID."""
    digits = text(named, "reference").removeprefix("sha256:")
    if named.get("mayBeId") is True and digest.partition(":")[2].startswith(digits):
        return {**named, "registry": "", "repository": ""}
    return named


def _find_pinned(named: Mapping[str, JSON], unknown: str) -> _Image:
    digest = named.get("digest")
    if isinstance(digest, str) and is_digest(digest):
        return _Image(named, (digest,))
    return _Image(named, (), unknown=unknown, cure="name it by digest:")


def _find_mounted(named: Mapping[str, JSON], meanings: Meanings | None) -> _Image:
    """dockerd looks a mounted image up again late in the create, and a container shows only the name."""
    pinned = _find_pinned(named, _MOUNTED)
    there = next(_find_named(named, meanings), pinned) if pinned.unknown and meanings is not None else pinned
    # A list of denied digests counts what is there now.
    return replace(pinned, digests=there.digests, hints=there.hints)


def _find_former(use: ObjectUse) -> Iterator[_Image]:
    """What a rollback brings back, at once or when the tasks of an update fail."""
    former, at = find_former(use.document)
    if not former:
        return
    name = cast("dict[str, str]", use.document["path"]).get("id", "")
    found = [*use.meanings.find(Named("service", name, ""))] if use.meanings is not None else []
    for shown in [one.shown for one in found] or [{}]:
        template = child(child(child(shown, former), "TaskTemplate"), "ContainerSpec")
        if reference := text(template, "Image"):
            yield _find_pinned(image.parse_reference(reference, at), _SERVICE)
        else:
            yield _Image(image.parse_reference(name, at), (), unknown="what comes back cannot be found out")
        for named in mounts.read_images(objects(template, "Mounts"), ""):
            yield _find_pinned({**named, "at": at}, _SERVICE)


def _list_of_container(use: ObjectUse, judge: "_Vouching") -> Iterator[_Image]:
    named = next(find_named(use.document, ("exec" if use.operation.id == "ExecStart" else "container",)), None)
    if named is None or not named.name:
        return
    nameless = image.parse_reference("", "path.id") | {"reference": named.name}
    if use.meanings is None:
        yield _Image(nameless, (), unknown="dockerd cannot be asked what image it was made from")
        return
    refuse_unclear(named)
    found = [one for one in use.meanings.find(named) if isinstance(one, ExistingContainer)]
    # It may be made before dockerd looks; all else acts on one that runs, and was started.
    if not found and "sources" in use.looks_up:
        yield _Image(nameless, (), unknown="there is no such container", cure="make it before you start")
    for one in found:
        with located(named.at):
            yield from _read_container(one)


def _read_container(container: ExistingContainer) -> Iterator[_Image]:
    """What it was made from, and what it mounts, of which dockerd shows the name in the create."""
    named = image.parse_reference(text(container.config, "Image"), "path.id")
    yield _Image(_name_image(named, container.images[0]), container.images)
    for mounted in mounts.read_images(objects(container.host_config, "Mounts"), ""):
        yield _find_pinned({**mounted, "at": "path.id"}, _MOUNTED)


@dataclass(frozen=True, slots=True)
class _Vouching:
    """Says of images who vouches for them, as of a day."""

    store: ImageRecords
    today: date
    meanings: Meanings | None

    @classmethod
    def of(cls, store: ImageRecords, time: float, meanings: Meanings | None) -> "_Vouching":
        return cls(store.for_request(), datetime.fromtimestamp(time, UTC).date(), meanings)

    def make_fact(self, one: _Image) -> Fact:
        registry, repository = text(one.named, "registry"), text(one.named, "repository")
        name = f"{registry}/{repository}" if registry else ""
        hints = _find_hints(one, self.meanings) if self.store.trust.denied else ()
        digests = () if one.unknown else one.digests
        verdict = judge_image(self.store, ImageQuery(name, digests, one.may_be_part), self.today)
        listed = find_denied(self.store, (*one.digests, *(hint.partition("@")[2] for hint in hints)))
        # Whose name is not known may have one that needs a signature.
        is_vouched = verdict.vouched and (name != "" or not one.unknown)
        if is_vouched:
            found, command, pin = "", "", ""
        else:
            found, command = one.unknown or verdict.found, one.cure or verdict.command
            pin = _find_pin(name, one, hints or _find_hints(one, self.meanings))
            if not pin and found == NOT_FETCHED:
                found = "it was built or loaded here, and is not signed"
                command = "sign it where it is pushed, or list"
        return {
            "name": text(one.named, "reference"),
            "repository": name or text(one.named, "reference"),
            "pin": pin or "".join(f" {digest}" for digest in one.digests[:1] if name),
            "vouched": is_vouched,
            "keys": verdict.keys or "a trusted key",
            "found": found,
            "command": command,
            "deniedBy": listed[0].name if listed else "",
            "deniedFor": listed[1] if listed else "",
            "at": text(one.named, "at"),
        }


_LISTERS: Mapping[str, Callable[[ObjectUse, _Vouching], Iterator[_Image]]] = {
    "ContainerCreate": _list_of_create,
    "ServiceCreate": _list_of_service,
    "ServiceUpdate": _list_of_service,
}


def _find_hints(one: _Image, meanings: Meanings | None) -> tuple[str, ...]:
    """What registries call the image; a container does not know."""
    if one.hints:
        return one.hints
    found = meanings.inspect("image", one.digests[0], "") if meanings is not None and one.digests else None
    return tuple(texts(found.shown, "RepoDigests")) if found else ()


def _find_pin(name: str, one: _Image, hints: Sequence[str]) -> str:
    """How a registry names what is to be signed: by its digest, where the daemon knows it."""
    of_name = (hint.partition("@")[2] for hint in hints if _complete(hint) == name)
    digest = next(of_name, one.named.get("digest"))
    return f"@{digest}" if isinstance(digest, str) and name else ""


def _complete(hint: str) -> str:
    parsed = image.parse_reference(hint, "")
    return f"{text(parsed, 'registry')}/{text(parsed, 'repository')}"
