"""The few exceptions whose text is meant for people."""

from __future__ import annotations


class DoctorError(Exception):
    """The run cannot give a verdict (exit code 3): one sentence on what happened, one on what to do next."""

    def __init__(self, what: str, next_step: str = "") -> None:
        super().__init__(f"{what} {next_step}".strip())
        self.what = what
        self.next_step = next_step


class NotNowError(DoctorError):
    """What may be different in a minute: the cluster is not reached, or there is no hub yet."""


class NoHubError(NotNowError):
    """The cluster was searched, and there is no hub."""


class UsageError(DoctorError):
    """The call itself is wrong (exit code 2): an unknown check, two reports to standard output."""
