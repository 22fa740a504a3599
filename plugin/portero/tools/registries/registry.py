"""A bundle in a registry: an OCI artifact of one layer, by the OCI distribution specification.

The layer is the archive; its signature is an annotation of the manifest. Whatever a registry answers is checked against
the digest that names it; only a tag is taken on trust, and the signature of what it leads to is what counts then.
"""

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import urlencode

from portero.decide.values.dataclass import dataclass, replace
from portero.decide.values.docker_names import is_digest
from portero.decide.values.json_fields import JSON, to_list, to_object, to_text
from portero.decide.values.json_objects import load_object
from portero.serve.settings.setting_values import OciAddress
from portero.tools.registries.bundle_archive import MAX_ARCHIVE_SIZE, Bundle
from portero.tools.registries.https import MAX_SMALL, Headers, HttpAnswer, Transport, TransportFailed
from portero.tools.registries.urls import Url

ARTIFACT = "application/vnd.portero.policy.v1"
LAYER = "application/vnd.portero.policy.v1.tar+gzip"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
SIGNATURE = "portero.signature"
_EMPTY_TYPE, _EMPTY = "application/vnd.oci.empty.v1+json", b"{}"
_CHALLENGE = re.compile(r'\b(\w+)="([^"]*)"')
_TOKEN = re.compile(r"[!-~]{1,16384}")
_LOGIN_CURE = "a host has it in /etc/portero/registry.json; elsewhere PORTERO_BUNDLE_LOGIN names its file"
_OK, _CREATED, _ACCEPTED, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 200, 201, 202, 401, 403, 404


class AccessRefused(TransportFailed):
    """The registry does not let us there. Of what does not exist many say the same: they do not tell what there is."""


@dataclass(slots=True)
class Registry:
    """One name in a registry. `login`: the header Authorization of its user."""

    address: OciAddress
    transport: Transport
    login: str | None = None
    _authorization: str | None = None

    def pull(self, mark: str = "") -> Bundle | None:
        """The layer and its signature; the mark is the manifest's digest. None while that is still this one."""
        if mark and mark == self.address.reference:
            return None
        answer = self._ask("GET", f"manifests/{self.address.reference}", {"Accept": MANIFEST})
        self._expect(answer, _OK, self.address.reference)
        digest = _compute_digest(answer.body)
        if self.address.is_digest and digest != self.address.reference:
            raise TransportFailed(f"{self.address.host}: sent another manifest than {self.address.reference}")
        if digest == mark:
            return None
        layer, signature = _read_manifest(answer.body, self.address)
        blob = self._ask("GET", f"blobs/{layer}", max_size=MAX_ARCHIVE_SIZE)
        self._expect(blob, _OK, "its layer")
        if _compute_digest(blob.body) != layer:
            raise TransportFailed(f"{self.address.host}: sent another layer than {layer}")
        return Bundle(blob.body, signature, digest)

    def push(self, bundle: Bundle, annotations: Mapping[str, str]) -> str:
        """Put the bundle there under the address's tag; returns the digest of its manifest."""
        for blob in (_EMPTY, bundle.data):
            self._upload_blob(blob)
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": ARTIFACT,
            "config": _make_descriptor(_EMPTY_TYPE, _EMPTY),
            "layers": [_make_descriptor(LAYER, bundle.data)],
            "annotations": {**annotations, SIGNATURE: bundle.signature},
        }
        text = json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()
        put = self._ask("PUT", f"manifests/{self.address.reference}", {"Content-Type": MANIFEST}, text)
        self._expect(put, _CREATED, "the manifest")
        return _compute_digest(text)

    def find_published(self) -> Bundle | None:
        """What the tag leads to; None when nothing does."""
        there = self._ask("HEAD", f"manifests/{self.address.reference}", {"Accept": MANIFEST})
        return None if there.status == _NOT_FOUND else self.pull()

    def find_content(self, path: str, accept: str, max_size: int = MAX_SMALL) -> bytes | None:
        """What is at a path below the name, such as manifests/TAG; None: nothing is. Raises TransportFailed."""
        answer = self._ask("GET", path, {"Accept": accept} if accept else {}, max_size=max_size)
        if answer.status == _NOT_FOUND:
            return None
        self._expect(answer, _OK, path)
        return answer.body

    def _upload_blob(self, blob: bytes) -> None:
        if self._ask("HEAD", f"blobs/{_compute_digest(blob)}").status == _OK:
            return
        begun = self._ask("POST", "blobs/uploads/")
        self._expect(begun, _ACCEPTED, "the upload")
        upload = self.transport.locate(self._make_url("blobs/uploads/"), begun.headers.get("location", ""))
        mark = "&" if "?" in upload.target else "?"
        upload = replace(upload, target=f"{upload.target}{mark}{urlencode({'digest': _compute_digest(blob)})}")
        done = self._send("PUT", upload, {"Content-Type": "application/octet-stream"}, blob)
        self._expect(done, _CREATED, "the layer")

    def _make_url(self, path: str) -> Url:
        home = self.transport.home
        return replace(home, target=f"{home.target}/{path}")

    def _ask(
        self, method: str, path: str, headers: Headers = None, body: bytes | None = None, *, max_size: int = MAX_SMALL
    ) -> HttpAnswer:
        url = self._make_url(path)
        answer = self._send(method, url, headers, body, max_size)
        challenge = answer.headers.get("www-authenticate", "")
        # A token is for what was asked first: what reads does not write.
        is_bearer = challenge.lower().startswith("bearer ")
        if answer.status == _UNAUTHORIZED and (self._authorization is None or is_bearer):
            self._authorization = self._answer_challenge(challenge)
            answer = self._send(method, url, headers, body, max_size)
        return answer

    def _send(
        self, method: str, url: Url, headers: Headers, body: bytes | None, max_size: int = MAX_SMALL
    ) -> HttpAnswer:
        headers = {**(headers or {})}
        if self._authorization and url.server == self.transport.home.server:
            headers["Authorization"] = self._authorization
        return self.transport.exchange(method, url, headers, body, max_size=max_size)

    def _answer_challenge(self, challenge: str) -> str:
        """Basic: the login itself; Bearer: a token from where the registry sends us."""
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() == "basic" and self.login:
            return self.login
        challenged = dict(_CHALLENGE.findall(rest))
        if scheme.lower() != "bearer" or "realm" not in challenged:
            raise self._refuse_access()
        realm = self.transport.locate(self.transport.home, challenged["realm"])
        query = urlencode({name: challenged[name] for name in ("service", "scope") if name in challenged})
        realm = replace(realm, target=f"{realm.target}{'&' if '?' in realm.target else '?'}{query}")
        headers = {"Authorization": self.login} if self.login else {}
        answer = self.transport.exchange("GET", realm, headers)
        self._expect(answer, _OK, "a token")
        document = _parse(answer.body, self.address)
        token = to_text(document.get("token") or document.get("access_token"))
        if not _TOKEN.fullmatch(token):
            raise TransportFailed(f"{self.address.host}: {realm.server} sends no token")
        return f"Bearer {token}"

    def _expect(self, answer: HttpAnswer, status: int, what: str) -> None:
        if answer.status == status:
            return
        if answer.status in (_UNAUTHORIZED, _FORBIDDEN):
            raise self._refuse_access()
        why = "is not there" if answer.status == _NOT_FOUND else f"status {answer.status}"
        raise TransportFailed(f"{self.address.host}: {what}: {why}")

    def _refuse_access(self) -> AccessRefused:
        login = "another login" if self.login else "a login"
        return AccessRefused(
            f"{self.address.host}: {self.address.name} needs {login}, or does not exist: {_LOGIN_CURE}"
        )


def _read_manifest(text: bytes, address: OciAddress) -> tuple[str, str]:
    """The digest of the one layer that a bundle has, and its signature; empty without one."""
    document = _parse(text, address)
    layers = to_list(document.get("layers"))
    if document.get("artifactType") != ARTIFACT or len(layers) != 1:
        raise TransportFailed(f"{address.host}: {address.name}:{address.reference} is no bundle of portero")
    digest = to_text(to_object(layers[0]).get("digest"))
    if not is_digest(digest):
        raise TransportFailed(f"{address.host}: {address.name}:{address.reference} names no layer")
    return digest, to_text(to_object(document.get("annotations")).get(SIGNATURE))


def _parse(text: bytes, address: OciAddress) -> dict[str, JSON]:
    try:
        return load_object(text)
    except ValueError as error:
        raise TransportFailed(f"{address.host}: answers with something else than a JSON object") from error


def _make_descriptor(media_type: str, blob: bytes) -> dict[str, str | int]:
    return {"mediaType": media_type, "digest": _compute_digest(blob), "size": len(blob)}


def _compute_digest(data: bytes) -> str:
    return f"sha256:{sha256(data).hexdigest()}"
