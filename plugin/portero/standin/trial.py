"""A stand-in guarded by a judge, which records the decision on every request."""

import time
from dataclasses import dataclass, replace
from threading import Lock

from portero.decision import Decision
from portero.identity.caller import NOBODY
from portero.judging import denial
from portero.judging.judge import Judge
from portero.objects.known_networks import KnownNetworks
from portero.standin.answers import StandInDaemon
from portero.standin.envelopes import ClientRequest, envelope
from portero.standin.host_objects import NO_OBJECTS, HostObjects
from portero.standin.project_objects import KINDS, ProjectObjects, drop_causes_named_elsewhere


@dataclass(frozen=True, slots=True)
class JudgedRequest:
    """One request of the client and the decision on it."""

    request: ClientRequest
    decision: Decision


class Trial:
    """`go_on`: a refused request is answered as if it had been allowed, so that the client shows the next one.

    `existing`: on this host, beside what the client makes.
    """

    def __init__(self, judge: Judge, *, go_on: bool = False, existing: HostObjects = NO_OBJECTS) -> None:
        self.judged: list[JudgedRequest] = []
        self.daemon = StandInDaemon(judge.routes, self._decide)
        self._known = ProjectObjects(self.daemon.state, host=existing)
        host = KnownNetworks(judge.host, self.daemon.state.network_name, known=self._known)
        self._judge = replace(judge, host=host, routes=judge.routes.looking_up(*KINDS))
        self._go_on = go_on
        self._lock = Lock()

    def _decide(self, request: ClientRequest) -> str | None:
        # docker sends a token of portero login here too; where it cannot be verified, it must not refuse everything.
        identity = None if self._judge.policy.trusted.token_issuers and self._judge.audiences else NOBODY
        with self._lock:  # clients send in parallel, and what one request looks at says nothing of another one
            self._known.of_host.clear()
            decision = self._judge.decide(envelope(request), "try", time.time(), identity=identity)
            decision = drop_causes_named_elsewhere(decision, self._known)
        self.judged.append(JudgedRequest(request, decision))
        return None if decision.allowed or self._go_on else denial.write_denial(decision)
