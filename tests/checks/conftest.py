"""`-k` finds the tests of a check by its id and by its file's name alike: `hub-oom-killed` and `hub_oom_killed`."""

import pytest


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let dashes and underscores be the same."""
    item.extra_keyword_matches.add(item.name.replace("-", "_"))
