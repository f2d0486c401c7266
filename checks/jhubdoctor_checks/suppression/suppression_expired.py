"""Rules whose last day has passed."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Finding, Fix, NotApplicable, Severity, Suppressions, check


@check(severity=Severity.WARNING)
def suppression_expired(suppressions: Suppressions, now: datetime) -> Iterator[Finding]:
    """A suppression has passed its last day, so it suppresses nothing any more."""
    if not suppressions.applied:
        raise NotApplicable("no suppression is configured")
    for done in suppressions.applied:
        rule = done.rule
        if rule.until is None or not rule.expired(now.date()):
            continue
        hidden = f"{done.hits} finding{'' if done.hits == 1 else 's'}"
        yield Finding(
            on=(rule.ref,),
            says=f"the suppression of {rule} ended on {rule.until}"
            + (f"; it would hide {hidden} of this report" if done.hits else ""),
            evidence=(
                ("configuration", f"{rule.place}: until {rule.until}"),
                ("configuration", f"reason: {rule.reason}"),
            ),
            fix=Fix(
                "Fix what it hid; or, if it is still right to live with it, give the rule a later day."
                if done.hits
                else "Remove the rule: what it hid is gone."
            ),
        )
