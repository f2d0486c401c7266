"""Rules that suppress nothing."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Finding, Fix, NotApplicable, Severity, Suppressions, check


@check(severity=Severity.INFO)
def suppression_unused(suppressions: Suppressions, now: datetime) -> Iterator[Finding]:
    """A suppression suppresses nothing: what it was for is gone, or it names no check."""
    if not suppressions.applied:
        raise NotApplicable("no suppression is configured")
    for done in suppressions.applied:
        rule = done.rule
        if rule.expired(now.date()) or done.hits or not (done.nameless or done.judged):
            continue
        yield Finding(
            on=(rule.ref,),
            says=f"the suppression of {rule} "
            + ("names no check that there is" if done.nameless else "suppresses nothing in this report"),
            evidence=(("configuration", f"{rule.place}: reason: {rule.reason}"),),
            fix=Fix(
                "Correct the name; `jhubdoctor list` names all checks and areas."
                if done.nameless
                else "Remove the rule if what it was for is gone: it would hide the next finding of its kind."
            ),
            cause="no such check" if done.nameless else "",
        )
