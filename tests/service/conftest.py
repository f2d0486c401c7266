"""Fixtures that tests of several folders share."""

from tests.monitored import api, fault, make, other_hub, select

__all__ = ["api", "fault", "make", "other_hub", "select"]
