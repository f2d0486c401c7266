"""A culler whose settings do not go together."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Hub, Severity, Values, check

ACTIVITY = 300
"""Seconds between two reports of a server that it is used (JUPYTERHUB_ACTIVITY_INTERVAL of jupyterhub-singleuser)."""


@check(severity=Severity.WARNING)
def cull_settings_contradict(hub: Hub, values: Values) -> Iterator[Finding]:
    """The culler's times contradict each other, or how often servers report activity."""
    if not values.enabled("cull.enabled"):
        return
    timeout, every, age = (values.integer(f"cull.{k}") or 0 for k in ("timeout", "every", "maxAge"))

    def finding(cause: str, says: str, fix: str, patch: dict[str, object], severity: Severity) -> Finding:
        return Finding(
            on=(hub.ref,),
            says=says,
            evidence=(("values", f"cull.timeout: {timeout}, every: {every}, maxAge: {age}"),),
            fix=Fix(fix, values={"cull": patch}, commands=(hub.helm_upgrade,), lowers=True),
            severity=severity,
            cause=cause,
        )

    if 0 < timeout < ACTIVITY:
        yield finding(
            "timeout-too-short",
            f"servers are stopped after {timeout} idle seconds and report activity every {ACTIVITY}: those that compute"
            " without a browser are stopped while they work",
            "Give them longer than two reports.",
            {"timeout": 3600},
            Severity.WARNING,
        )
    if timeout and every > timeout:
        yield finding(
            "looks-too-rarely",
            f"the culler looks every {every} seconds, so a timeout of {timeout} seconds means up to {every + timeout}",
            "Look more often than the timeout.",
            {"every": max(timeout // 6, 60)},
            Severity.INFO,
        )
    if 0 < age < timeout:
        yield finding(
            "age-before-timeout",
            f"every server is stopped {age} seconds after its start, so the timeout of {timeout} never counts",
            "Set maxAge well above the timeout, or to 0 for none.",
            {"maxAge": 0},
            Severity.WARNING,
        )
