"""Logs of real hubs: each leads to the cause that made it, and no token in them reaches an output.

The real logs lie in a folder beside the project, where it is there; fixtures of our own of each class are always there.
"""

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jhubdoctor.engine.result import CheckStatus, Report
from jhubdoctor.facts.logs import parse_log, parse_spawns
from jhubdoctor.privacy.text import log_text
from jhubdoctor.testing import Example, diagnose
from tests import beside

OWN = Path(__file__).parent.parent / "fixtures" / "hublogs"
CRASHED = {"dbdir", "proxydown", "proxydown-curl"}
# scenario (the part of the name after the version): the findings that have to be there, as check/cause
EXPECTED = {
    "pend": {"spawn-timeout/"},
    "nonode": {"spawn-timeout/"},
    "nosched": {"spawn-timeout/"},
    "pvc": {"spawn-timeout/"},
    "crash": {"spawn-timeout/"},
    "failed": {"spawn-timeout/"},
    "stuckpod": {"spawn-timeout/former-pod"},
    "http": {"spawn-http-timeout/no-answer"},
    "api5xx": {"spawn-http-timeout/answers-5xx"},
    "quota": {"spawn-rejected/quota-exceeded"},
    "limit": {"spawn-rejected/quota-exceeded", "consecutive-failure-abort/"},
    "rbac-nocreate": {"spawn-rejected/no-right", "hub-rbac-forbidden/"},
    "rbac-none": {"spawn-rejected/no-right", "hub-rbac-forbidden/"},
    "apidown": {"hub-api-unreachable/", "spawn-error/api-unreachable"},
    "conc": {"spawn-throttled/concurrent"},
    "cull": {"culler-failing/", "spawn-timeout/"},
    "dbdir": {"hub-crash-loop/db-directory", "hub-database-locked/cannot-open"},
    "proxydown": {"hub-crash-loop/proxy-unreachable", "proxy-unreachable/"},
    "proxydown-curl": {"hub-crash-loop/proxy-unreachable", "proxy-unreachable/"},
    "dbrev0": set(),
}
CHECKS = ("spawn", "hub")
QUIET = {
    "spawn-timeout", "spawn-http-timeout", "spawn-rejected", "spawn-error", "hub-crash-loop", "hub-rbac-forbidden",
    "hub-api-unreachable", "proxy-unreachable", "proxy-token-mismatch", "spawn-throttled", "culler-failing",
    "hub-database-locked", "consecutive-failure-abort", "reflector-frozen", "nobody-allowed",
}  # fmt: skip


def look(text: str, *, crashed: bool) -> Report:
    """What is found where this is the hub's log, five seconds after its end."""
    end = max((e.at for e in parse_log(text) if e.at), default=datetime(2026, 1, 5, 12, tzinfo=UTC))
    status = {"name": "hub", "ready": True, "restartCount": 0, "state": {"running": {"startedAt": "-2h"}}}
    if crashed:
        stopped = {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": "-1m"}}
        waiting = {
            "waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container=hub"}
        }
        status = {"name": "hub", "ready": False, "restartCount": 6, "state": waiting, "lastState": stopped}
    return diagnose(
        Example(
            [
                {"kind": "Now", "at": (end + timedelta(seconds=5)).isoformat()},
                {"kind": "Log", "pod": "hub-7d9c", "container": "hub", "text": text},
                {"kind": "Pod", "metadata": {"name": "hub-7d9c"}, "status": {"containerStatuses": [status]}},
            ]
        ),
        *CHECKS,
    )


def found(report: Report) -> set[str]:
    assert not [r for r in report.results if r.status in {CheckStatus.BROKEN, CheckStatus.UNKNOWN}]
    return {f"{f.check.id}/{f.finding.cause}" for f in report.findings}


def said(report: Report) -> str:
    """All that a report can show of its findings."""
    return json.dumps(
        [
            [
                f.finding.says,
                [(e.source, e.detail) for e in f.finding.proof],
                f.fix.text,
                f.fix.commands,
                dict(f.fix.values),
            ]
            for f in report.findings
        ]
        + [r.reason for r in report.results]
    )


def secrets_in(text: str) -> set[str]:
    """What must not be seen again: values of tokens, and whatever stands where a secret stands."""
    hidden = set(re.findall(r"'name': '[A-Z_]*(?:TOKEN|SECRET|PASSWORD)[A-Z_]*',\s*'value': '([^']+)'", text))
    hidden |= set(re.findall(r"api_token='([^']+)'", text))
    hidden |= set(re.findall(r"(?<![0-9a-f-])[0-9a-f]{32,}(?![0-9a-f-])", text))
    hidden |= set(re.findall(r"planted-[\w-]+", text))
    return hidden


def matches(expected: set[str], seen: set[str]) -> bool:
    return all(any(s.startswith(e) for s in seen) for e in expected)


def is_told(text: str, expected: set[str], *, crashed: bool) -> None:
    report = look(text, crashed=crashed)
    seen = found(report)

    assert matches(expected, seen), seen
    wanted = {e.partition("/")[0] for e in expected}
    assert not {s for s in seen if s.partition("/")[0] in QUIET - wanted}
    for secret in secrets_in(text):
        assert secret not in said(report)
        assert secret not in log_text(text)


@pytest.mark.parametrize("path", beside.each("knowledge/hublogs/*.log"))
def test_log_of_a_real_hub_leads_to_its_cause(path: Path) -> None:
    scenario = path.stem.partition("-")[2]
    expected = set(EXPECTED[scenario])
    text = path.read_text(encoding="utf-8")
    if "Aborting due to" in text:
        expected.add("consecutive-failure-abort/")

    is_told(text, expected, crashed=scenario in CRASHED)


@pytest.mark.parametrize("path", sorted(OWN.glob("*.log")), ids=lambda p: p.stem)
def test_log_of_our_own_leads_to_its_cause(path: Path) -> None:
    """The first line of a fixture says what is expected: `# crashed: yes; expect: check/cause, check/cause`."""
    head, _, text = path.read_text(encoding="utf-8").partition("\n")
    crashed, _, expected = head.removeprefix("# crashed: ").partition("; expect: ")

    is_told(text, {e.strip() for e in expected.split(",") if e.strip()}, crashed=crashed == "yes")


def test_fixtures_of_our_own_are_there() -> None:
    assert len(list(OWN.glob("*.log"))) >= 25


def test_pod_of_a_failure_is_the_users_own_where_many_fail_at_once() -> None:
    digest = hashlib.sha256(b"x@y.org").hexdigest()[:8]
    pods = {
        "ann": "jupyter-ann",
        "joe-ann": "jupyter-joe-ann",
        "anna": "jupyter-anna",
        "x@y.org": f"jupyter-x-y-org---{digest}",
    }
    at = "2026-01-05 11"
    lines = [
        *(
            f"[I {at}:00:00.000 JupyterHub spawner:1] Attempting to create pod {p}, with timeout 3"
            for p in pods.values()
        ),
        *(
            f"[W {at}:05:00.000 JupyterHub user:1] {u}'s server failed to start in 300 seconds, giving up."
            for u in pods
        ),
        *(f"[I {at}:05:00.010 JupyterHub spawner:1] Deleting pod jhub/{p}" for p in pods.values()),
    ]

    spawns = parse_spawns(parse_log("\n".join(lines)))

    assert [(s.user, s.pod, s.deleted) for s in spawns.failed] == [(u, p, True) for u, p in pods.items()]


def test_tries_of_two_spawns_are_not_added_up() -> None:
    attempt = "[I 2026-01-05 11:{}.000 JupyterHub spawner:1] Attempting to create pod jupyter-ada, with timeout 3"
    failure = "[W 2026-01-05 11:25:00.000 JupyterHub user:1] ada's server failed to start in 300 seconds, giving up."

    spawns = parse_spawns(parse_log("\n".join([attempt.format("00:00"), attempt.format("20:00"), failure])))

    assert [(s.tries, s.took) for s in spawns.failed] == [(1, 300.0)]


def test_a_run_that_ended_does_not_leave_its_spawns_to_the_next() -> None:
    lines = [
        "[I 2026-01-05 11:00:00.000 JupyterHub spawner:1] Attempting to create pod jupyter-ada, with timeout 3",
        "[I 2026-01-05 11:00:20.000 JupyterHub app:1] Running JupyterHub version 5.5.0",
        "[W 2026-01-05 11:06:00.000 JupyterHub user:1] ada's server failed to start in 300 seconds, giving up.",
    ]

    assert parse_spawns(parse_log("\n".join(lines))).failed[0].started is None
