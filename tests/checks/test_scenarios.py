"""Whole clusters: exactly the expected checks find something, and the cause stands first."""

import pytest

from jhubdoctor.api import Severity
from jhubdoctor.engine.result import CheckStatus
from jhubdoctor.testing import diagnose
from tests import accuracy


@pytest.mark.parametrize("name", accuracy.scenarios())
def test_the_cause_stands_first_and_nothing_else_is_said(name: str) -> None:
    outcome = accuracy.judge(name)

    assert (outcome.false_alarms, outcome.missed, outcome.blind, outcome.misplaced) == ([], [], [], [])
    assert outcome.first == outcome.expected_first
    if name.startswith(("advice.", "healthy.")):
        # what the chart and the clouds do by default is never more than advice
        assert not [f.check.id for f in outcome.report.findings if f.severity is not Severity.INFO]


# Each scenario loses one of these; over all scenarios each is lost several times.
REFUSED = (
    "events", "pods/log", "nodes", "secrets", "services", "persistentvolumeclaims", "persistentvolumes",
    "storageclasses", "endpointslices", "daemonsets", "jobs", "leases", "statefulsets", "namespaces",
)  # fmt: skip


@pytest.mark.engine
@pytest.mark.parametrize(("i", "name"), list(enumerate(accuracy.scenarios())))
def test_with_fewer_rights_nothing_else_is_said(i: int, name: str) -> None:
    """A refused read makes checks unknown; what they cannot know they do not say."""
    text, read = accuracy.text_of(name), REFUSED[i % len(REFUSED)]
    refused = f"\n---\nkind: Missing\nread: {read}\n"
    refused += "---\nkind: Missing\nread: helm-secrets\n" if read == "secrets" else ""
    whole, report = accuracy.diagnosed(name), diagnose(text + refused)

    assert [r.check.id for r in report.results if r.status is CheckStatus.BROKEN] == []
    # that a start timed out the hub's log says by itself; what else is seen only decides under which pods it stands
    new = {f.check.id for f in report.findings if f.severity is not Severity.INFO} - {"spawn-timeout"}
    assert new <= {f.check.id for f in whole.findings if f.severity is not Severity.INFO}


def test_there_are_enough_of_them_and_enough_healthy_ones() -> None:
    names = accuracy.scenarios()

    assert len(names) >= 40
    assert len([n for n in names if n.startswith("healthy.")]) >= 10
    assert all(n.startswith(("failure.", "healthy.", "advice.")) for n in names)
