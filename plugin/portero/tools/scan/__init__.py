"""`portero scan`: what exists on a daemon, judged as if it were created now.

Also names the bypasses that such objects offer.
Imports: decide.decision, decide.facts, decide.identity, decide.images, decide.interfaces, decide.judging,
decide.objects, decide.policy, decide.reading, decide.values, observe.dockerd, observe.host, tools.hostcheck,
tools.proof, tools.report.
"""
