"""The bodies of the corpus, for a judge."""

import base64
import json
from collections.abc import Iterator
from typing import Any

from tests.paths import CORPUS


def every_body() -> Iterator[tuple[str, bytes]]:
    """Every JSON body of the corpus, as dockerd would post it."""
    for file in ("bypass.jsonl", "more.jsonl"):
        for line in (CORPUS / file).read_text(encoding="utf-8").splitlines():
            case: dict[str, Any] = json.loads(line)
            if case.get("raw") or "path" not in case:
                continue
            body = case.get("body_b64") or base64.b64encode(json.dumps(case.get("body")).encode()).decode()
            envelope = {
                "RequestMethod": case["method"],
                "RequestUri": case["path"],
                "RequestHeaders": dict(case.get("headers", [])),
                "RequestBody": body,
            }
            yield case["id"], json.dumps(envelope).encode()
