"""A release whose newest revision did not come through."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Finding, Hub, Release, Revision, Rung, Severity, check, clean
from jhubdoctor_checks.helm._helm_release_not_deployed import recovery
from jhubdoctor_checks.helm._operations import at_work, pending


@check(severity=Severity.ERROR, at=Rung.REACHED, symptom=True, complete=("revisions",))
def helm_release_not_deployed(
    hub: Hub, revisions: list[Revision], newest_release: Release | None, now: datetime
) -> Iterator[Finding]:
    """The newest revision of the Helm release failed, or was never finished."""
    newest = revisions[0]
    stuck = pending(newest) and not at_work(newest, now)
    if newest.status != "failed" and not stuck:
        return
    good = next((r for r in revisions[1:] if r.status == "deployed"), None)
    good = good or next((r for r in revisions[1:] if r.status == "superseded"), None)
    description = newest_release.description if newest_release is not None else ""
    # of a parent chart's release the version is the parent's
    chart = newest_release.chart_version if newest_release and not newest_release.values_root else ""
    yield Finding(
        on=(hub.release_ref,),
        says=_says(newest, good, stuck=stuck, installed=hub.deployment is not None),
        evidence=(
            ("helm", f"{newest.name}: status {clean(newest.status, 40)}", newest.modified),
            ("helm", f"description: {clean(description, 400)}") if description else None,
            ("helm", f"{good.name}: status {good.status}", good.modified) if good is not None else None,
            ("deployment", "the hub has none yet") if hub.deployment is None else None,
        ),
        fix=recovery(hub, newest, good, chart, stuck=stuck),
        severity=Severity.WARNING if hub.deployment is not None else None,
        cause=newest.status,
    )


def _says(newest: Revision, good: Revision | None, *, stuck: bool, installed: bool) -> str:
    which = f"revision {newest.number} of the release {newest.release}"
    if stuck:
        says = f"{which} is {newest.status} and nothing finishes it; the next helm upgrade is refused"
    elif installed:
        says = f"{which} failed; the cluster may hold a part of it"
    else:
        says = f"{which} failed"
    if not installed:
        return f"{says}, so the hub is not installed" if good is None else says
    return f"{says} (the last good one is {good.number})" if good is not None else says
