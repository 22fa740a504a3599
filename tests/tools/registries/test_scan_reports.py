"""Reports of trivy and grype become digests and a reason; other files are refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.decide.values.errors import ContentRefused
from portero.tools.registries.scan_reports import read_report
from tests.decide.images.signed import dump

ID, INDEX = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
TRIVY = {
    "SchemaVersion": 2,
    "ArtifactName": "nginx:1.20",
    "Metadata": {"ImageID": ID, "RepoDigests": [f"nginx@{INDEX}"]},
    "Results": [
        {"Target": "debian", "Vulnerabilities": [{"VulnerabilityID": "CVE-2026-1", "Severity": "HIGH"}]},
        {"Target": "lib", "Vulnerabilities": [{"VulnerabilityID": "CVE-2026-2", "Severity": "CRITICAL"}]},
        {"Target": "clean"},
    ],
}
GRYPE = {
    "source": {"type": "image", "target": {"imageID": ID, "manifestDigest": INDEX, "repoDigests": []}},
    "matches": [
        {"vulnerability": {"id": "CVE-2026-1", "severity": "High"}},
        {"vulnerability": {"id": "CVE-2026-2", "severity": "Critical"}},
    ],
}


@pytest.mark.parametrize("written", [TRIVY, GRYPE])
def test_a_report_names_the_image_by_each_digest_and_what_was_found(written: Any) -> None:
    report = read_report(dump(written))

    assert report.digests == (ID, INDEX)
    assert report.explain("critical") == "CVE-2026-2 (critical)"
    assert report.explain("high") == "CVE-2026-2 (critical), CVE-2026-1 (high)"


def test_many_findings_are_counted_and_none_denies_nothing() -> None:
    many = [{"vulnerability": {"id": f"CVE-2026-{n}", "severity": "High"}} for n in range(9)]
    report = read_report(dump({**GRYPE, "matches": many}))

    assert report.explain("critical") == ""
    assert report.explain("low").endswith("CVE-2026-4 (high) and 4 more")


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (b"{", "is not JSON"),
        (b"[]", "is not JSON"),
        (b"{}", "no report"),
        (dump({"Metadata": {}}), "names no digest"),
        (dump({"matches": [], "source": {"type": "directory", "target": "/srv"}}), "names no digest"),
    ],
)
def test_other_files_are_refused(written: bytes, words: str) -> None:
    with pytest.raises(ContentRefused, match=words):
        read_report(written)


NAMES = st.sampled_from(["Metadata", "ImageID", "Results", "Vulnerabilities", "matches", "source", "target", "imageID"])
VALUES = st.recursive(st.none() | st.text() | st.just(ID), lambda x: st.lists(x) | st.dictionaries(NAMES, x))


@given(st.dictionaries(NAMES, VALUES).map(dump))
def test_no_shape_is_another_error(written: bytes) -> None:
    try:
        read_report(written)
    except ContentRefused:
        return
    assert ID.encode() in written
