"""What we say that KubeSpawner makes is what it made: fixtures hold that, and tests/cluster asks KubeSpawner again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from jhubdoctor.model.slugs import expanded

FIXTURES = Path(__file__).parent.parent / "fixtures"


def fixture(name: str) -> Any:
    """A fixture that KubeSpawner has made."""
    return yaml.safe_load((FIXTURES / name).read_text(encoding="utf-8"))


def test_names_are_those_that_kubespawner_makes() -> None:
    for user, server, template, escape, safe in fixture("names.yaml"):
        assert expanded(template, user, server, "escape") == escape
        assert expanded(template, user, server, "safe") == safe


@pytest.mark.parametrize(
    "template", ["claim-{userid}", "{namespace}-x", "{username!r}", "{username:>99999999}", "{", "}{"]
)
def test_what_only_the_hub_knows_is_no_name(template: str) -> None:
    assert expanded(template, "ada", "", "safe") is None
