"""`portero scan`: what exists on a daemon, judged as if it were created now.

Also names the bypasses that such objects offer.
Imports: decision, dockerd, facts, host, hostcheck, images, judging, objects,
policy, proof, refusals, report, standin, values.
"""
