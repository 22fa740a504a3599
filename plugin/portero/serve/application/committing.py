"""The effects of an allowed request are committed before its line is logged: others see it from now on.

One that does not go with what came since it was judged is judged again.
"""

from collections.abc import Callable, Sequence
from functools import partial

from portero.decide.decision import Decision, make_refusal
from portero.decide.interfaces.daemon import Peer
from portero.decide.interfaces.effects import Source
from portero.decide.interfaces.host_notes import HostNotes, note_moment
from portero.decide.judging.judge import Judge
from portero.decide.objects.nested_sources import find_nested
from portero.decide.values.dataclass import replace
from portero.decide.values.refusals import Refused
from portero.observe.lookups.followed_daemons import FollowedDaemons
from portero.serve.application.added_refusal import refuse_unless_lifted

# So often a request is judged, at most.
_ATTEMPTS = 8
# Later than all that came.
_LAST_NUMBER = 1 << 62
_BUSY = replace(
    make_refusal("lookup-failed", ""),
    reason="Other requests for the same host paths come all the time, so Portero cannot tell what this one meets.",
    remedy={"docker": "repeat the command"},
)


def commit(
    decision: Decision,
    judge_again: Callable[[], Decision],
    judge: Judge,
    followed: FollowedDaemons,
    peer: Peer | None,
    notes: HostNotes | None,
) -> Decision:
    """The decision, committed where it is allowed, or another one by `judge_again`. `notes`: what the host answered."""
    for attempt in range(_ATTEMPTS):
        if attempt:
            if notes is not None:
                notes.forget_objects()
            decision = judge_again()
        if not decision.allowed:
            return decision
        try:
            if followed.commit(decision, peer, partial(_agree, decision, judge, peer, notes)):
                return decision
        except Refused as refused:
            refused_so = refuse_unless_lifted(decision, make_refusal(refused.code, refused.at), judge.policy.rules)
            if not refused_so.allowed:
                followed.withdraw(decision, peer)
            return refused_so
    refused_so = refuse_unless_lifted(decision, _BUSY, judge.policy.rules)
    if refused_so.allowed:
        seen_all = replace(decision, effects=replace(decision.effects, number=_LAST_NUMBER))
        followed.commit(seen_all, peer, lambda newer: True)
    return refused_so


def _agree(
    decision: Decision, judge: Judge, peer: Peer | None, notes: HostNotes | None, newer: Sequence[Source]
) -> bool:
    """Whether the sources of a request go with newer ones; where the host cannot be read it is judged again."""
    try:
        return not find_nested(decision.effects.sources, newer, note_moment(judge.host.moment(peer), notes))
    except Refused:
        return False
