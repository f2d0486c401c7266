"""Tests that ask for a real Helm are marked: `nox -s cluster` builds it, and runs them."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them."""
    for item in items:
        if "helm" in getattr(item, "fixturenames", ()):
            item.add_marker("helm")
