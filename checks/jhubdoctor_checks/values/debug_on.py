"""Debug logging in daily use."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Hub, Severity, Values, check


@check(severity=Severity.INFO)
def debug_on(hub: Hub, values: Values) -> Iterator[Finding]:
    """The hub logs at debug level."""
    if values.enabled("debug.enabled"):
        yield Finding(
            on=(hub.ref,),
            says="the hub logs at debug level: the log turns over fast, and says more of users than it should",
            evidence=(("values", "debug.enabled: true"),),
            fix=hub.values_fix("Turn it off when you have found what you looked for.", {"debug": {"enabled": False}}),
        )
