"""Reports of scanners (trivy, grype; JSON) as a list of denied digests: which image, and what was found in it.

The image is listed by each digest that a report names: its ID, which is the configuration's digest in dockerd's own
store, and those of its registries, by which containerd's store knows it.
"""

import re
from collections.abc import Iterator, Mapping

from portero.decide.values.dataclass import dataclass
from portero.decide.values.docker_names import is_digest
from portero.decide.values.errors import ContentRefused
from portero.decide.values.json_fields import JSON, to_object, to_objects
from portero.decide.values.json_objects import load_object

# Worst first, as both scanners write them in some case.
SEVERITIES = ("critical", "high", "medium", "low")
# Bytes of a report.
MAX_REPORT = 256 << 20
_MAX_REASON = 200
_MAX_SHOWN = 5
_NAME = re.compile(r"[A-Za-z0-9_.:/-]{1,60}")


@dataclass(frozen=True, slots=True)
class ImageScan:
    """`digests`: of the image. `findings`: severity and name of each vulnerability."""

    digests: tuple[str, ...]
    findings: tuple[tuple[str, str], ...]

    def explain(self, least: str) -> str:
        """Why it is denied: the vulnerabilities of at least this severity; empty where there are none."""
        counted = SEVERITIES[: SEVERITIES.index(least) + 1]
        ranked = sorted(
            {one for one in self.findings if one[0] in counted}, key=lambda one: (counted.index(one[0]), one[1])
        )
        shown = [f"{name} ({severity})" for severity, name in ranked[:_MAX_SHOWN]]
        more = f" and {len(ranked) - _MAX_SHOWN} more" if len(ranked) > _MAX_SHOWN else ""
        return (", ".join(shown) + more)[:_MAX_REASON]


def read_report(data: bytes) -> ImageScan:
    """The report of one image; raises ContentRefused."""
    try:
        document = load_object(data)
    except ValueError as error:
        raise ContentRefused("is not JSON: use trivy image --format json, or grype -o json") from error
    if "Metadata" in document:
        digests, findings = _read_trivy(document)
    elif "matches" in document:
        digests, findings = _read_grype(document)
    else:
        raise ContentRefused("is no report of trivy or grype about an image: use --format json or -o json")
    if not digests:
        raise ContentRefused("names no digest of an image: scan an image, not a folder")
    return ImageScan(tuple(dict.fromkeys(digests)), tuple(findings))


def _read_trivy(document: Mapping[str, JSON]) -> tuple[list[str], list[tuple[str, str]]]:
    about, results = to_object(document.get("Metadata")), to_objects(document.get("Results"))
    findings = [each for one in results for each in to_objects(one.get("Vulnerabilities"))]
    return [*_find_digests(about, "ImageID", "RepoDigests")], [
        *_name_findings((each.get("Severity"), each.get("VulnerabilityID")) for each in findings)
    ]


def _read_grype(document: Mapping[str, JSON]) -> tuple[list[str], list[tuple[str, str]]]:
    about = to_object(to_object(document.get("source")).get("target"))
    findings = [to_object(one.get("vulnerability")) for one in to_objects(document.get("matches"))]
    return [*_find_digests(about, "imageID", "manifestDigest", "repoDigests")], [
        *_name_findings((each.get("severity"), each.get("id")) for each in findings)
    ]


def _find_digests(about: Mapping[str, JSON], *names: str) -> Iterator[str]:
    for name in names:
        value = about.get(name)
        for one in value if isinstance(value, list) else [value]:
            digest = one.rpartition("@")[2] if isinstance(one, str) else ""
            if is_digest(digest):
                yield digest


def _name_findings(findings: Iterator[tuple[JSON, JSON]]) -> Iterator[tuple[str, str]]:
    for severity, name in findings:
        if isinstance(severity, str) and isinstance(name, str) and _NAME.fullmatch(name):
            yield severity.lower(), name
