"""Fixtures that tests of several folders share."""

from tests.monitored import api, fault, select, several

__all__ = ["api", "fault", "select", "several"]
