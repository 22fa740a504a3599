"""The request document that Portero makes of an AuthZReq, on a host whose links are those of the stage."""

import json
import time
from functools import cache
from typing import Any

from portero.decide.judging.enforcement import Enforcement
from portero.decide.judging.judge import Judge
from portero.decide.reading.routes import Routes
from portero.observe.host.fixed_host import FixedHost
from portero.observe.process import package_files
from portero.observe.stores.api_tables import load_shapes
from portero.observe.stores.policy_loader import load_policy

from .stage import LINKS


@cache
def judge() -> Judge:
    """The judge of this checkout's policy."""
    schemas = package_files.schemas()
    routes = Routes.load(json.loads((schemas / "operations.json").read_bytes()))
    policy = load_policy([schemas], routes.operations)
    shapes, host = load_shapes(schemas / "api"), FixedHost({"links": LINKS})
    return Judge(policy, routes, shapes, host, Enforcement("baseline", "enforce"))


def read_document(asked: bytes) -> dict[str, Any]:
    """The request document; raises Refused where Portero does not read the request."""
    return judge().document(asked, time.time())
