"""The decision log on its way to another machine: read from its file, sent as syslog, never waited for by a request."""
