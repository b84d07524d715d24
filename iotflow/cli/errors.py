"""Errors that a command shows to its user."""


class UsageError(Exception):
    """A wrong option, environment variable or file. The message is one line."""


class ServiceNotStarted(Exception):
    """The temporary service did not become ready. The message has the end of its log."""
