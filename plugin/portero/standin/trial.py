"""A stand-in guarded by a judge, which records the decision on every request."""

import time
from dataclasses import dataclass, replace

from portero.decision import Decision
from portero.identity.caller import NOBODY
from portero.judging import denial
from portero.judging.judge import Judge
from portero.objects.known_networks import KnownNetworks
from portero.standin.answers import StandInDaemon
from portero.standin.envelopes import ClientRequest, envelope
from portero.standin.project_objects import KINDS, ProjectObjects


@dataclass(frozen=True, slots=True)
class JudgedRequest:
    """One request of the client and the decision on it."""

    request: ClientRequest
    decision: Decision


class Trial:
    """`go_on`: a refused request is answered as if it had been allowed, so that the client shows the next one."""

    def __init__(self, judge: Judge, *, go_on: bool = False) -> None:
        self.judged: list[JudgedRequest] = []
        self.daemon = StandInDaemon(judge.routes, self._decide)
        known = ProjectObjects(self.daemon.state)
        host = KnownNetworks(judge.host, self.daemon.state.network_name, known=known)
        self._judge = replace(judge, host=host, routes=judge.routes.looking_up(*KINDS))
        self._go_on = go_on

    def _decide(self, request: ClientRequest) -> str | None:
        # docker sends a token of portero login here too; where it cannot be verified, it must not refuse everything.
        identity = None if self._judge.policy.trusted.token_issuers and self._judge.audiences else NOBODY
        decision = self._judge.decide(envelope(request), "try", time.time(), identity=identity)
        # What exists here was made here, and was refused as it was made.
        kept = tuple(one for one in decision.violations if one.rule != "existing-container")
        decision = replace(decision, violations=kept)
        self.judged.append(JudgedRequest(request, decision))
        return None if decision.allowed or self._go_on else denial.write_denial(decision)
