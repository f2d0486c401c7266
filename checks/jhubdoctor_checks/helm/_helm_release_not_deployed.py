"""How a release gets out of a revision that did not come through."""

from jhubdoctor.api import VALUES_FILE, Fix, Hub, Revision

BUSY = "another operation (install/upgrade/rollback) is in progress"


def recovery(hub: Hub, newest: Revision, good: Revision | None, chart: str, *, stuck: bool) -> Fix:
    """The next step; `good` is the last revision that worked, `chart` the version of the chart to go on with."""
    release = f"{newest.release} --namespace {newest.namespace}"
    history = f"helm history {release}"
    upgrade = hub.upgrade_to(chart or hub.chart)
    # the values of the revision that failed, which `helm upgrade` would not take by itself
    tried = f"{hub.values_saved.replace(' --output', f' --revision {newest.number} --output')}"
    again = f"{upgrade} --values {VALUES_FILE}" if upgrade else ""
    install = f"{again} --install" if upgrade else ""
    sure = "Make sure that no helm still runs for it, in a pipeline or another terminal. " if stuck else ""
    if good is not None:
        why = f"Until then Helm refuses: {BUSY}." if stuck else "Correct what Helm's description names."
        return Fix(
            f"{why} Return to revision {good.number}, and upgrade again with the values that were tried, corrected in "
            f"{VALUES_FILE} where they are at fault.",
            commands=(
                history,
                tried,
                f"helm rollback {newest.release} {good.number} --namespace {newest.namespace}",
                again,
            ),
            caution=f"{sure}A rollback restarts the hub where its settings differ; users' servers keep running.",
        )
    if hub.deployment is None:
        return Fix(
            ("" if stuck else "Correct what Helm's description names. ")
            + "Remove what the install left, and install again.",
            commands=(history, tried, f"helm uninstall {release}", install),
            caution=f"{sure}This deletes all that the release has made, the hub's database claim among it.",
        )
    if stuck:
        forget = hub.kubectl(f"delete {newest.driver.lower()} {newest.name}")
        return Fix(
            "Let Helm forget the revision that it takes for running; the next install takes over what is there.",
            commands=(history, tried, forget, install),
            caution=f"{sure}This may restart the hub; users' servers keep running.",
        )
    return Fix(
        "Correct what Helm's description names and upgrade again.",
        commands=(history, tried, again),
        caution="This may restart the hub; users' servers keep running.",
    )
