"""What a release runs with, as CycloneDX 1.5: every library of requirements/run.txt with its version and its hashes.

usage: python packaging/sbom.py VERSION [WHEEL...]      writes to standard output; the same for the same input
"""

import json
import os
import re
import sys
import uuid
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

LOCK = Path(__file__).resolve().parents[1] / "requirements" / "run.txt"
_ENTRY = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)((?:\s*\\\n\s+--hash=sha256:[0-9a-f]{64})*)", re.MULTILINE)


def main(version: str, wheels: list[str]) -> None:
    """Write the document."""
    lock = LOCK.read_text(encoding="utf-8")
    own = {
        "type": "application",
        "bom-ref": "portero",
        "name": "portero",
        "version": version,
        "purl": f"pkg:pypi/portero@{version}",
        "licenses": [{"license": {"id": "Apache-2.0"}}],
        "hashes": [_hash(sha256(Path(wheel).read_bytes()).hexdigest()) for wheel in wheels],
    }
    libraries = [_library(*match.groups()) for match in _ENTRY.finditer(lock)]
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, version + lock)}",
        "version": 1,
        "metadata": {"timestamp": datetime.fromtimestamp(epoch, UTC).isoformat(), "component": own},
        "components": libraries,
        "dependencies": [
            {"ref": "portero", "dependsOn": [library["bom-ref"] for library in libraries]},
        ],
    }
    print(json.dumps(document, indent=2))


def _library(name: str, version: str, hashes: str) -> dict[str, object]:
    plain = re.sub(r"[-_.]+", "-", name).lower()
    return {
        "type": "library",
        "bom-ref": f"pkg:pypi/{plain}@{version}",
        "name": plain,
        "version": version,
        "purl": f"pkg:pypi/{plain}@{version}",
        "hashes": [_hash(found) for found in re.findall(r"sha256:([0-9a-f]{64})", hashes)],
    }


def _hash(content: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": content}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
