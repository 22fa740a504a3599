"""The policy: rule files, exceptions and site values, read, checked and merged.

`policy` is what is in force; `folder` reads it from disk; `site` checks site.json.
Imports: decide.decision, decide.engine, decide.facts, decide.flags, decide.identity, decide.images, decide.reading,
decide.values.
"""
