"""Fixtures that tests of several folders share."""

from tests.monitored import make, other_hub

__all__ = ["make", "other_hub"]
