from jhubdoctor.engine.result import CheckStatus
from jhubdoctor.testing import diagnose

TWO = "kind: Node\nmetadata: {name: user-2, labels: {hub.jupyter.org/node-purpose: user}}\n"


def test_where_nobody_may_look_for_an_autoscaler_nothing_is_said() -> None:
    report = diagnose(f"{TWO}---\nkind: Missing\nread: configmaps\n", "user-scheduler-without-autoscaler")

    assert [r.status for r in report.results] == [CheckStatus.UNKNOWN]
    assert not report.findings
