"""Users' servers whose init container fails."""

from collections.abc import Iterator

from jhubdoctor.api import (
    RESTARTS,
    ContainerStatus,
    Events,
    Evidence,
    Finding,
    Fix,
    Hub,
    Pod,
    PodLog,
    Rung,
    Severity,
    check,
    count,
    grouped,
)
from jhubdoctor_checks.facts.spawn import has_ended, never_ran
from jhubdoctor_checks.spawn._servers import gone, refs
from jhubdoctor_checks.texts import Known, known, last_words
from jhubdoctor_checks.texts.iptables import BLOCKS

METADATA = "block-cloud-metadata"


@check(severity=Severity.ERROR, at=Rung.STARTED, stops=Rung.TOLD, symptom=True)
def user_pod_init_failed(
    hub: Hub, user_pods: list[Pod], ended_user_logs: list[PodLog] | None, events: Events | None
) -> Iterator[Finding]:
    """An init container of users' servers fails, so the server itself is never started."""
    failing = [
        (pod, status)
        for pod in user_pods
        if not pod.terminating and not pod.ready
        for status in pod.status.init_container_statuses
        # one that was never started has no say in this: the node's reason is told by itself
        if not status.ready and has_ended(status) and not never_ran(status)
    ]
    for name, members in grouped(failing, lambda f: f[1].name):
        logs = [log for log in ended_user_logs or [] if log.container == name]
        line = next((line for log in logs for line in reversed(log.lines) if known(BLOCKS, line)), "")
        row = known(BLOCKS, line) if name == METADATA else None
        last = next((line for log in logs for line in reversed(log.lines) if line.strip()), "")
        told = row.says if row else f"its log ends with: {last_words(last)}" if last else ""
        yield Finding(
            on=refs(pod for pod, _ in members),
            says=f"the init container {name} of {count(len(members))} fails" + (f": {told}" if told else ""),
            evidence=(
                *(_shown(pod, status) for pod, status in members[:3]),
                Evidence("pod log", row.excerpt(line)) if row else None,
            ),
            fix=_fix(hub, members[0][0], name, row),
            cause=name,
            # those too that the hub deleted after it
            affects=tuple(ref for ref, e in gone(hub, user_pods, events, "BackOff") if e.container == name),
        )


def _shown(pod: Pod, status: ContainerStatus) -> Evidence:
    end = status.state.terminated or status.last_state.terminated
    code = f"exit code {end.exit_code}" if end else "ended"
    return Evidence("pod.status", f"{pod.name}: {status.name}: {code}", end.finished_at if end else None)


def _fix(hub: Hub, pod: Pod, name: str, row: Known[None] | None) -> Fix:
    look = hub.kubectl(f"logs {pod.name} --container {name}")
    if name != METADATA:
        return Fix("Correct the init container (singleuser.initContainers): its log says what fails.", commands=(look,))
    if row is None:
        return Fix("See in its log what fails.", commands=(look,))
    if row.word == "no-nftables" and hub.at_least("3.3.0") and hub.at_least("3.3.2") is False:
        return Fix(
            "Only the charts 3.3.0 and 3.3.1 ship an iptables that speaks nftables alone: take 3.3.8.",
            commands=(look, hub.upgrade_to("3.3.8")),
            caution=RESTARTS,
        )
    key = "blockWithIptables" if hub.at_least("0.11.0") is not False else "enabled"
    return hub.values_fix(row.fix.text, {"singleuser": {"cloudMetadata": {key: key == "enabled"}}}, look)
