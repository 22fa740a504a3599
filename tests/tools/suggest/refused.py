"""Policies and documents for tests of suggestions."""

import base64
import json
import time
from functools import cache
from typing import Any

from portero.decide.decision import Violation
from portero.decide.judging.judge import Judge
from portero.tools.suggest.site_values import SiteValues
from tests.judges import make_judge
from tests.paths import SCHEMAS

LIMITS: dict[str, Any] = {
    "Memory": 1 << 28,
    "MemorySwap": 1 << 28,
    "NanoCpus": 10**9,
    "PidsLimit": 100,
    "Ulimits": [{"Name": "nofile", "Soft": 1024, "Hard": 1024}],
}
DIGEST = "sha256:" + "a" * 64


@cache
def judge() -> Judge:
    return make_judge()


def envelope(image: str = "busybox", user: str = "", **host_config: Any) -> dict[str, Any]:
    body = json.dumps({"Image": image, "HostConfig": {**LIMITS, **host_config}}).encode()
    return {
        "RequestMethod": "POST",
        "RequestUri": "/v1.45/containers/create",
        "User": user,
        "RequestHeaders": {"Content-Type": "application/json", "Content-Length": str(len(body))},
        "RequestBody": base64.b64encode(body).decode(),
    }


def recorded(image: str = "busybox", user: str = "", **host_config: Any) -> bytes:
    return json.dumps({"envelope": envelope(image, user, **host_config)}).encode() + b"\n"


def denied(judge: Judge, image: str = "busybox", **host_config: Any) -> tuple[dict[str, Any], list[Violation]]:
    """The request document, and its denials."""
    document = judge.document(json.dumps(envelope(image, **host_config)).encode(), time.time())
    violations = judge.find_violations(document, time.time(), judge.enforcement, ("deny",))
    return document, [violation for violation in violations if violation.action == "deny"]


def finder(judge: Judge) -> SiteValues:
    schemas = [json.loads((SCHEMAS / name).read_text()) for name in ("site.schema.json", "request.json")]
    return SiteValues(judge.policy, *schemas)
