"""A release whose newest revision did not come through."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor import Finding, Fix, Hub, Release, Revision, Severity, check, clean
from jhubdoctor_checks.helm._operations import at_work, pending

BUSY = "another operation (install/upgrade/rollback) is in progress"


@check(severity=Severity.ERROR, explains=("hook-leftovers",), whole=("revisions",))
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
    # of a parent chart's release the version is the parent's
    chart = newest_release.chart_version if newest_release and not newest_release.values_root else ""
    evidence: list[tuple[str, str, datetime | None]] = [
        ("helm", f"{newest.name}: status {clean(newest.status, 40)}", newest.modified)
    ]
    if newest_release is not None and newest_release.description:
        evidence.append(("helm", f"description: {clean(newest_release.description, 400)}", None))
    if good is not None:
        evidence.append(("helm", f"{good.name}: status {good.status}", good.modified))
    if hub.deployment is None:
        evidence.append(("deployment", "the hub has none yet", None))
    yield Finding(
        on=(hub.release_ref,),
        says=_says(newest, good, stuck=stuck, installed=hub.deployment is not None),
        evidence=tuple(evidence),
        fix=_fix(hub, newest, good, chart, stuck=stuck),
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


def _fix(hub: Hub, newest: Revision, good: Revision | None, chart: str, *, stuck: bool) -> Fix:
    release = f"{newest.release} --namespace {newest.namespace}"
    history = f"helm history {release}"
    upgrade = hub.upgrade_to(chart) if chart else hub.helm_upgrade
    sure = "Make sure that no helm still runs for it, in a pipeline or another terminal. " if stuck else ""
    if good is not None:
        why = f"Until then Helm refuses: {BUSY}." if stuck else "Correct what Helm's description names."
        return Fix(
            f"{why} Return to revision {good.number}, and upgrade again.",
            commands=(
                history,
                f"helm rollback {newest.release} {good.number} --namespace {newest.namespace}",
                upgrade,
            ),
            caution=f"{sure}A rollback restarts the hub where its settings differ; users' servers keep running.",
        )
    if hub.deployment is None:
        return Fix(
            ("" if stuck else "Correct what Helm's description names. ")
            + "Remove what the install left, and install again.",
            commands=(history, f"helm uninstall {release}", f"{upgrade} --install"),
            caution=f"{sure}This deletes all that the release has made, the hub's database claim among it.",
        )
    if stuck:
        forget = hub.kubectl(f"delete {newest.driver.lower()} {newest.name}")
        return Fix(
            "Let Helm forget the revision that it takes for running; the next install takes over what is there.",
            commands=(history, forget, f"{upgrade} --install"),
            caution=f"{sure}This may restart the hub; users' servers keep running.",
        )
    return Fix(
        "Correct what Helm's description names and upgrade again.",
        commands=(history, upgrade),
        caution="This may restart the hub; users' servers keep running.",
    )
