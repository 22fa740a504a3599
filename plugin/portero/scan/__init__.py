"""`portero scan`: what exists on a daemon, judged as if it were asked for now.

Also names the ways past the rules that such objects open.
Imports: decision, dockerd, facts, hostcheck, judging, objects, policy, proof, refusals, report, standin, values.
"""
