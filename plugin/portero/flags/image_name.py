"""The form that an image's name must have: registry, tag, digest, as in `{registries}/NAME:TAG@sha256:DIGEST`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

from portero.flags.edits import Document, SetField
from portero.types import JSON

_WRITTEN = re.compile(r"(?:(?P<registry>\{[^{}]*\})/)?NAME(?P<tag>:TAG)?(?P<digest>@sha256:DIGEST)?")
# They stand for what a person will fill in, where a changed request must be judged beforehand.
_NAME, _TAG, _DIGEST = "name", "1", "sha256:" + "0" * 64
# Where the body of an operation names the image.
_PLACES: Mapping[str, str] = {
    "ContainerCreate": "Image",
    "ServiceCreate": "TaskTemplate.ContainerSpec.Image",
    "ServiceUpdate": "TaskTemplate.ContainerSpec.Image",
}


@dataclass(frozen=True, slots=True)
class ImageForm:
    """`registry` is the one to take, with a path where the site says one; empty when any will do."""

    registry: str = ""
    tag: bool = False
    digest: bool = False

    @classmethod
    def of(cls, written: str) -> "ImageForm":
        """The form as a rule writes it (rule.json has the same pattern), its placeholder kept."""
        match = _WRITTEN.fullmatch(written)
        if match is None:
            raise ValueError(f"'{written}' is not the form of an image's name")
        return cls(match["registry"] or "", match["tag"] is not None, match["digest"] is not None)

    def __or__(self, other: "ImageForm") -> "ImageForm":
        """What satisfies both."""
        return ImageForm(self.registry or other.registry, self.tag or other.tag, self.digest or other.digest)

    def __str__(self) -> str:
        registry = f"{self.registry}/" if self.registry else ""
        return f"{registry}NAME{':TAG' if self.tag else ''}{'@sha256:DIGEST' if self.digest else ''}"

    def put(self, document: Document) -> "ImageForm":
        """Give the request's image this form, and say the form that then must be named.

        A digest stays good only for the name and tag that it was made for, so what changes the name names all of it.
        """
        image = cast(dict[str, JSON], cast(dict[str, JSON], document["facts"]).get("image"))
        named = f"{image['registry']}/{image['repository']}" if image["registry"] else _NAME
        name = f"{self.registry}/{_NAME}" if self.registry else named
        form = replace(self, tag=self.tag or self._needs_tag(image), digest=self.digest or image["digest"] is not None)
        digest = _DIGEST if form.digest else ""
        _put(document, name, _TAG if form.tag else "", digest)
        return form

    def _needs_tag(self, image: Mapping[str, JSON]) -> bool:
        # Whatever was named by a tag of its own is so again, with another name before it.
        return image["tag"] not in (None, "latest")


def _put(document: Document, name: str, tag: str, digest: str) -> None:
    if document["operation"] == "ImageCreate":
        _put_query(document, name, digest or tag)
        return
    reference = f"{name}{f':{tag}' if tag else ''}{f'@{digest}' if digest else ''}"
    SetField(_PLACES[str(document["operation"])], str).add(document, reference)


def _put_query(document: Document, name: str, tag: str) -> None:
    query = cast(dict[str, JSON], document["query"])
    document["query"] = {**query, "fromImage": [name], "tag": [tag]}
