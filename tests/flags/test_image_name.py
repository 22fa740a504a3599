"""The form of an image's name: what several rules ask for together, and a request that has it."""

from typing import Any

import pytest

from portero.facts import image
from portero.flags.image_name import ImageForm

DIGEST = "sha256:" + "0" * 64


def document(reference: str, operation: str = "ContainerCreate") -> dict[str, Any]:
    bodies = {
        "ContainerCreate": {"Image": reference},
        "ServiceCreate": {"TaskTemplate": {"ContainerSpec": {"Image": reference}}},
    }
    return {
        "operation": operation,
        "body": bodies.get(operation),
        "query": {"fromImage": [reference], "tag": ["latest"]},
        "facts": {"image": image.parse(reference, "Image")},
    }


@pytest.mark.parametrize(
    "written", ["NAME:TAG", "{registries}/NAME", "{registries}/NAME:TAG@sha256:DIGEST", "NAME@sha256:DIGEST"]
)
def test_a_form_is_read_and_written_alike(written: str) -> None:
    assert str(ImageForm.of(written)) == written


def test_anything_else_is_no_form() -> None:
    with pytest.raises(ValueError, match="is not the form"):
        ImageForm.of("busybox")


def test_two_forms_together_ask_for_both() -> None:
    assert str(ImageForm.of("NAME:TAG") | ImageForm("registry.example.com", digest=True)) == (
        "registry.example.com/NAME:TAG@sha256:DIGEST"
    )


@pytest.mark.parametrize(
    ("form", "reference", "told", "put"),
    [
        (ImageForm(tag=True), "busybox", "NAME:TAG", "docker.io/library/busybox:1"),
        (ImageForm("r.example.com"), "busybox", "r.example.com/NAME", "r.example.com/name"),
        (ImageForm("r.example.com"), "busybox:1.36", "r.example.com/NAME:TAG", "r.example.com/name:1"),
        (ImageForm(digest=True), "q.io/a:2", "NAME:TAG@sha256:DIGEST", f"q.io/a:1@{DIGEST}"),
        (ImageForm("r.io"), f"a@{DIGEST}", "r.io/NAME@sha256:DIGEST", f"r.io/name@{DIGEST}"),
        (ImageForm(tag=True), DIGEST, "NAME:TAG@sha256:DIGEST", f"name:1@{DIGEST}"),
    ],
)
def test_tag_and_digest_of_a_reference_are_kept(form: ImageForm, reference: str, told: str, put: str) -> None:
    changed = document(reference)

    assert str(form.put(changed)) == told
    assert changed["body"] == {"Image": put}


def test_services_and_pulls_name_their_image_elsewhere() -> None:
    service, pull = document("busybox", "ServiceCreate"), document("busybox", "ImageCreate")
    for changed in (service, pull):
        ImageForm("r.io", tag=True, digest=True).put(changed)

    assert service["body"] == {"TaskTemplate": {"ContainerSpec": {"Image": f"r.io/name:1@{DIGEST}"}}}
    assert pull["query"] == {"fromImage": ["r.io/name"], "tag": [DIGEST]}
