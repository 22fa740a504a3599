"""The address of a bundle: oci://registry/name:tag, oci://registry/name@sha256:digest, or https://server/file.

Without TLS only this machine is contacted.
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address

_NAME = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
# The grammar of the OCI distribution specification, for a name, a tag and a digest.
_OCI = re.compile(
    rf"oci://(?P<host>[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?P<port>:[0-9]{{1,5}})?/(?P<name>{_NAME}(?:/{_NAME})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127})|@(?P<digest>sha256:[0-9a-f]{64}))"
)
_HTTPS = re.compile(r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?P<port>:[0-9]{1,5})?/[!-~]*")
_FORMS = "write oci://registry/name:tag, oci://registry/name@sha256:digest, or https://server/file"


@dataclass(frozen=True, slots=True)
class OciAddress:
    """`host` with its port as in a URL; `reference`: a tag, or a digest."""

    host: str
    name: str
    reference: str

    @property
    def url(self) -> str:
        """Where the registry answers for this name."""
        scheme = "http" if is_this_machine(self.host) else "https"
        return f"{scheme}://{self.host}/v2/{self.name}"

    @property
    def is_digest(self) -> bool:
        """Whether the address names its content, which then cannot change."""
        return self.reference.startswith("sha256:")


@dataclass(frozen=True, slots=True)
class WebAddress:
    """A file on a server."""

    url: str


def parse_address(text: str) -> OciAddress | WebAddress:
    """The address; raises ValueError with a sentence."""
    if match := _OCI.fullmatch(text):
        host = match["host"] + (match["port"] or "")
        return OciAddress(host, match["name"], match["tag"] or match["digest"])
    match = _HTTPS.fullmatch(text)
    if match is None:
        raise ValueError(_FORMS)
    if match["scheme"] == "http" and not is_this_machine(match["host"]):
        raise ValueError("write https://: without TLS a bundle comes from this machine only")
    return WebAddress(text)


def is_this_machine(host: str) -> bool:
    """Whether a host of a URL, with or without a port, is a loopback address."""
    name = re.sub(r":[0-9]+$", "", host).strip("[]")
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
