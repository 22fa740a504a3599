"""What is asked of records about images: the protocol ImageRecords, and why one cannot be used."""


class RecordUnreadable(Exception):
    """Why what was fetched cannot be used, a sentence without its subject. `cure`: what helps instead of fetching."""

    cure = ""


class TooManyAtOnce(RecordUnreadable):
    """One request had as much verified as it may. What it had is cached: when it comes again, it gets further."""

    cure = "repeat the command, or leave out"
