"""What a crashed hub's log proves, and what it does not."""

from typing import Any

from jhubdoctor.engine.result import Reported
from jhubdoctor.testing import Example, findings_of

LIVED_THROUGH = """\
[E {-9m} JupyterHub user:1013] Unhandled error starting ada's server: bad value
    traitlets.traitlets.TraitError: 1Gi is not a valid memory specification.
[W {-8m} JupyterHub base:105] Rolling back session due to database error database is locked
"""


def crashed(log: str, *more: dict[str, Any], code: int = 1, reason: str = "Error", **status: Any) -> Reported:
    end = {"terminated": {"exitCode": code, "reason": reason, "finishedAt": "-1m"}}
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    state = {"name": "hub", "ready": False, "restartCount": 5, "state": waiting, "lastState": end, **status}
    [found] = findings_of(
        Example(
            [
                {"kind": "Pod", "metadata": {"name": "hub-7d9c"}, "status": {"containerStatuses": [state]}},
                {"kind": "Log", "pod": "hub-7d9c", "container": "hub", "text": log},
                *more,
            ]
        ),
        "hub-crash-loop",
    )
    return found


def test_errors_that_the_hub_lived_through_are_no_cause() -> None:
    assert crashed(LIVED_THROUGH, code=137).finding.cause == "unknown"


def test_liveness_probe_is_the_cause_where_events_say_so() -> None:
    about = {"kind": "Pod", "namespace": "jhub", "name": "hub-7d9c"}
    killed = "Container hub failed liveness probe, will be restarted"
    event = {"kind": "Event", "involvedObject": about, "reason": "Killing", "message": killed, "lastTimestamp": "-1m"}

    assert crashed(LIVED_THROUGH, event, code=137).finding.cause == "liveness"


def test_memory_is_the_cause_whatever_the_log_says() -> None:
    assert crashed(LIVED_THROUGH, code=137, reason="OOMKilled").finding.cause == "oom"


def test_the_last_run_counts_not_the_one_before() -> None:
    fatal = "[E {-1m} JupyterHub app:1]\n    Traceback (most recent call last):\n    KeyError: 'HUB_SERVICE_PORT'\n"
    older = {
        "kind": "Log",
        "pod": "hub-7d9c",
        "container": "hub",
        "previous": True,
        "text": "Found database schema version a != b. Backup your database and run `jupyterhub upgrade-db`.",
    }

    assert crashed(fatal, older).finding.cause == "service-environment"


def test_a_run_that_has_just_begun_does_not_hide_why_the_last_ended() -> None:
    fatal = "[E {-1m} JupyterHub app:1]\n    Traceback (most recent call last):\n    KeyError: 'HUB_SERVICE_PORT'\n"
    older = {"kind": "Log", "pod": "hub-7d9c", "container": "hub", "previous": True, "text": fatal}
    begun = "[I {-5s} JupyterHub app:3354] Running JupyterHub version 5.5.0"

    assert crashed(begun, older, state={"running": {"startedAt": "-5s"}}).finding.cause == "service-environment"


def test_value_that_a_trait_did_not_take_is_not_shown() -> None:
    text = (
        "[C {-1m} JupyterHub application:1] Bad config encountered during initialization: The 'client_secret' trait "
        "of a"
        " GitHubOAuthenticator instance expected a unicode string, not the int 4711."
    )
    found = crashed(text)

    assert found.finding.cause == "config-trait"
    assert "client_secret" in str(found.finding.proof)
    assert "4711" not in str(found.finding)


def test_part_of_the_configuration_that_was_loaded_last_is_named() -> None:
    fatal = "[E {-1m} JupyterHub app:1]\n    Traceback:\n    SyntaxError: invalid syntax\n"

    assert "20-profiles" in str(crashed(f"Loading extra config: 20-profiles\n{fatal}").finding.proof)


def test_container_beside_the_hub_is_told_from_the_hub() -> None:
    assert crashed("", name="proxy-auth").finding.says == "the hub ends again and again: its container proxy-auth fails"
