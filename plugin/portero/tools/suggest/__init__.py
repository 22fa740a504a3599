"""From refused requests to the site values and exceptions that would have allowed them.

What a rule must never allow is not suggested.
Imports: decide.decision, decide.engine, decide.flags, decide.identity, decide.ownership, decide.policy,
decide.values.
"""
