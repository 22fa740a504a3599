"""A judge for tests, to which nothing of this machine is visible."""

from dataclasses import replace

from portero.decide.interfaces.host import Host
from portero.decide.judging.judge import Judge
from portero.serve.application.loading import judge_of
from portero.serve.settings.settings import Settings


def make_judge(host: Host | None = None, **settings: str) -> Judge:
    """Under these settings; `host`: what it sees as the host."""
    judge = judge_of(Settings.read({}, {"host_root": "none", **settings}))
    return judge if host is None else replace(judge, host=host)
