"""From the bytes that dockerd posts to a canonical request, as dockerd itself reads it.

What Go would read differently from how it looks is refused here.
Imports: decide.values.
"""
