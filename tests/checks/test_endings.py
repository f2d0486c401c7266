"""What logs and events tell is past: each check that goes by them looks for what shows that it is over.

The examples are in the notes: one under `Quiet on` that begins with the line `# over` is laid over the first under
`Fires on` (`# over 2`: over the second), and both together are quiet (`jhubdoctor.testing.assert_contract`).
"""

import pytest

from jhubdoctor.engine import notes
from jhubdoctor.engine.declare import Check
from jhubdoctor.engine.notes import Note
from jhubdoctor.model.finding import Severity
from jhubdoctor.testing import findings_of, registry

pytestmark = pytest.mark.engine

PAST = {"events", "pods/log"}
# By id, each with the reason why there is no end to look for.
ENDLESS = {
    "tls-certificate-expiring": "events tell it only why cert-manager does not renew the certificate",
    "tls-secret-missing": "events tell it only why cert-manager has not made the Secret",
    "profile-image-not-pulled": "events tell it only which images to leave out",
    "spawn-timeline": "it tells how long starts took, as advice: that is no fault, and the next start does not end it",
}


def _reads(fact: str, seen: set[str]) -> set[str]:
    """What a fact reads, itself and through others."""
    if fact in seen or fact not in registry().facts:
        return set()
    seen.add(fact)
    f = registry().facts[fact]
    return {*f.reads, *f.optional}.union(*(_reads(n.fact, seen) for n in f.needs))


def _of_the_past() -> list[Check]:
    return [c for c in registry().checks.values() if any(PAST & _reads(n.fact, set()) for n in c.needs)]


CHECKS = _of_the_past()
ENDS = [
    pytest.param(c, fault, both, id=f"{c.id}-{i}")
    for c in registry().checks.values()
    for i, (fault, both) in enumerate(notes.of(c).over)
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.id)
def test_what_is_told_of_the_past_has_an_end(check: Check) -> None:
    assert bool(notes.of(check).over) != (check.id in ENDLESS)


@pytest.mark.parametrize(("check", "fault", "both"), ENDS)
def test_it_is_told_until_it_is_over(check: Check, fault: str, both: str) -> None:
    assert findings_of(fault, check.id)
    assert not findings_of(both, check.id)


def test_the_exceptions_are_checks_that_go_by_logs_or_events() -> None:
    assert {c.id for c in CHECKS} >= ENDLESS.keys()


def test_an_end_names_an_example_that_there_is() -> None:
    note = Note("x", "", {"Fires on": "```yaml\na: 1\n```", "Quiet on": "```yaml\n# over 2\na: 2\n```"})

    with pytest.raises(ValueError, match="no example 2"):
        _ = note.over


def _log(*lines: str) -> str:
    return "kind: Log\npod: hub-7d9c\ncontainer: hub\ntext: |\n" + "".join(f"  {line}\n" for line in lines)


LOCKED = "[E {-%s} JupyterHub web:1871] (sqlite3.OperationalError) database is locked"
TOOK = "[I {-%s} JupyterHub base:1144] User ada took 5.012 seconds to start"
REFUSED = "[E {-2h} JupyterHub user:1013] Unhandled error starting ada's server: (403)"
BODY = '    HTTP response body: {"message":"pods \\"jupyter-ada\\" is forbidden: %s","code":403}'
QUOTA = "exceeded quota: users, requested: pods=1,requests.memory=1Gi, used: pods=9, limited: pods=9"
GVISOR = 'pod rejected: RuntimeClass \\"gvisor\\" not found'
ROOM = (
    "---\nkind: ResourceQuota\nmetadata: {name: users}\nstatus: {hard: %s, used: {pods: '3', requests.memory: 3Gi}}\n"
)
NO_KEY = "[W {-9m} JupyterHub user:452] Failed to retrieve encrypted auth_state for ada because no encryption keys"
OTHER_KEY = "[W {-9m} JupyterHub user:452] Failed to retrieve encrypted auth_state for ada because"
LOGIN = "[I {-5m} JupyterHub base:973] User logged in: %s"
FORBIDDEN = (
    "E0105 {at} 1 reflector.go:127] failed to list *v1.CSINode: csinodes.storage.k8s.io is forbidden: User"
    ' "system:serviceaccount:jhub:user-scheduler" cannot list resource "csinodes" in API group "storage.k8s.io"'
)
SCHEDULER_LOG = "kind: Log\npod: user-scheduler-5f64\ncontainer: kube-scheduler\ntext: |\n" + "".join(
    f"  {FORBIDDEN.format(at=f'11:4{i}:00.000000')}\n" for i in range(3)
)
SCHEDULER_WAITS = """---
kind: Pod
metadata: {name: user-scheduler-5f64}
status: {containerStatuses: [{name: kube-scheduler, ready: false, state: {waiting: {reason: CrashLoopBackOff}}}]}
"""
EVICTED = "---\n".join(
    f"kind: Event\ninvolvedObject: {{kind: Pod, name: jupyter-{user}}}\nreason: Evicted\n"
    f"message: 'The node was low on resource: memory.'\nlastTimestamp: -{ago}\n"
    for user, ago in (("ada", "50m"), ("grace", "4m"))
)


@pytest.mark.parametrize(
    ("check", "text"),
    [
        # what came back after the hub had written comes back again
        ("hub-database-locked", _log(LOCKED % "4h", TOOK % "3h", LOCKED % "2h", TOOK % "90m")),
        # there is room for the pod, and none for its memory
        ("spawn-rejected", _log(REFUSED, BODY % QUOTA) + ROOM % "{pods: '9', requests.memory: 3Gi}"),
        # another quota has room
        ("spawn-rejected", _log(REFUSED, BODY % QUOTA.replace("users", "others")) + ROOM % "{pods: '9'}"),
        # another class exists, or nobody may look
        ("spawn-rejected", _log(REFUSED, BODY % GVISOR) + "---\nkind: RuntimeClass\nmetadata: {name: kata}\n"),
        ("spawn-rejected", _log(REFUSED, BODY % GVISOR) + "---\nkind: Missing\nread: runtimeclasses\n"),
        # another user logged in; without a key no login is stored
        ("auth-state-key-changed", _log(OTHER_KEY, LOGIN % "grace")),
        ("auth-state-key-changed", _log(NO_KEY, LOGIN % "ada")),
        # a scheduler that does not run says nothing any more
        ("user-scheduler-forbidden", SCHEDULER_LOG + SCHEDULER_WAITS),
        # nothing but a failure is younger than the success
        (
            "consecutive-failure-abort",
            _log(TOOK % "3h", "[C {-2h} JupyterHub base:1] Aborting due to 5 consecutive spawn failures"),
        ),
    ],
)
def test_what_shows_nothing_ends_nothing(check: str, text: str) -> None:
    assert findings_of(text, check)


def test_a_scheduler_that_would_have_asked_again_is_allowed_to() -> None:
    assert not findings_of(SCHEDULER_LOG, "user-scheduler-forbidden")


def test_refused_within_the_hour_is_told_less_loudly_where_there_is_room_again() -> None:
    text = _log(REFUSED.replace("2h", "10m"), BODY % QUOTA) + ROOM % "{pods: '9', requests.memory: 9Gi}"

    assert [f.severity for f in findings_of(text, "spawn-rejected")] == [Severity.WARNING]
    assert [f.severity for f in findings_of(text, "quota-exhausted")] == [Severity.WARNING]


@pytest.mark.parametrize(("text", "severity"), [(EVICTED, "error"), (EVICTED.replace("-4m", "-40m"), "warning")])
def test_evictions_are_an_error_while_they_go_on(text: str, severity: str) -> None:
    assert [f.severity.value for f in findings_of(text, "user-pod-evicted")] == [severity]
