"""Reads that are judged by their bytes alone: a decision that was made once is made again for the very same envelope.

That is so where nothing else has a part in it: the request only reads, has no body and no facts, names no object that
is looked up, nobody is known to ask, and nothing is violated, so that neither host, daemon nor time was asked.
Envelopes are compared byte by byte. The decisions are those of one judge: another policy or profile has another one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from portero.decision import Decision
from portero.identity.caller import NOBODY, Identity
from portero.policy.policy import Policy
from portero.reading.envelope import Envelope
from portero.reading.routes import Operation
from portero.types import JSON

# Clients choose what is kept, so there is little room for it.
_LONGEST = 512
_MOST = 128
# What other headers say could be a secret, which is not kept.
_HEADERS = frozenset({"user-agent", "accept", "accept-encoding", "connection"})


@dataclass(slots=True)
class PlainReads:
    """The decisions of one judge on plain reads; a judge that is made of another one has its own."""

    _kept: dict[bytes, Decision] = field(default_factory=dict)

    def decide(self, data: bytes, id: str, time: float) -> Decision | None:
        """The decision on an envelope, as it was made on the same one before; None where it has to be judged."""
        before = self._kept.get(data) if len(data) <= _LONGEST else None
        if before is None:
            return None
        return Decision(
            id=id,
            time=time,
            subject=before.subject,
            violations=(),
            policy=before.policy,
            profile=before.profile,
            mode=before.mode,
            audit_profile=before.audit_profile,
        )

    def note(
        self,
        data: bytes,
        decision: Decision,
        asked: Envelope,
        operation: Operation,
        who: Identity,
        document: Mapping[str, JSON],
        policy: Policy,
    ) -> None:
        """Keep a decision without a violation, if the request is a plain read."""
        if len(data) > _LONGEST or not _is_plain(asked, operation, who, document, policy):
            return
        if len(self._kept) >= _MOST:
            # A new mapping, so that no other thread sees it half emptied.
            self._kept = {}
        self._kept[data] = decision


def _is_plain(
    asked: Envelope, operation: Operation, who: Identity, document: Mapping[str, JSON], policy: Policy
) -> bool:
    """Whether nothing but the envelope decided about a request that violates nothing."""
    return (
        operation.reads
        and operation.method in ("GET", "HEAD")
        and not operation.looks_up
        and asked.body is None
        and who is NOBODY
        and not document["facts"]
        and not document["objects"]
        and not policy.site.get("ownership")
        and asked.headers.keys() <= _HEADERS
    )
