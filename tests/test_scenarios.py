"""Whole clusters: exactly the expected checks find something, and the cause stands first."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from jhubdoctor import Severity


def _accuracy() -> ModuleType:
    spec = importlib.util.spec_from_file_location("accuracy", Path(__file__).parent / "accuracy.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["accuracy"] = module
    spec.loader.exec_module(module)
    return module


accuracy = _accuracy()


@pytest.mark.parametrize("name", accuracy.scenarios())
def test_the_cause_stands_first_and_nothing_else_is_said(name: str) -> None:
    outcome = accuracy.judge(name)

    assert (outcome.false_alarms, outcome.missed, outcome.blind, outcome.misplaced) == ([], [], [], [])
    assert outcome.first == outcome.expected_first
    if name.startswith(("advice.", "healthy.")):
        # what the chart and the clouds do by default is never more than advice
        assert not [f.check.id for f in outcome.report.findings if f.severity is not Severity.INFO]


def test_there_are_enough_of_them_and_enough_healthy_ones() -> None:
    names = accuracy.scenarios()

    assert len(names) >= 40
    assert len([n for n in names if n.startswith("healthy.")]) >= 10
    assert all(n.startswith(("failure.", "healthy.", "advice.")) for n in names)
