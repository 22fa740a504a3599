"""The policy: rule files, exceptions and site values, read, checked and merged.

`policy` is what is in force; `folder` reads it from disk; `site` checks site.json.
Imports: decision, engine, files, flags, identity, images, reading, refusals, values.
"""
