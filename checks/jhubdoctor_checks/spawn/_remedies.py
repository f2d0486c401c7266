"""What to do about each phase that can eat the time of a spawn."""

from __future__ import annotations

import math
from typing import Any

from jhubdoctor.api import RESTARTS, Fix, Hub, Spawn, Values
from jhubdoctor_checks.spawn._phases import NEXT_VOLUME, Phase

# A pull or a scale-up whose end nobody saw: twice the limit, and no less than what the chart's guide suggests.
LEAST = 600
_NO_HELP = "A longer singleuser.startTimeout does not help."


def enough(limit: int | None, took: float | None) -> int:
    """Seconds that would have been enough, in whole minutes: half as much again as it took, where that is known."""
    if took is not None:
        return max(math.ceil(took * 1.5 / 60) * 60, (limit or 0) + 60)
    return max(2 * (limit or 0), LEAST)


def more_time(seconds: int) -> dict[str, Any]:
    """The patch that sets the time for a start."""
    return {"singleuser": {"startTimeout": seconds}}


def look_at(hub: Hub, spawn: Spawn, here: bool) -> str:
    """The command that shows more of one pod, or of what is left of it."""
    if not spawn.pod:
        return ""
    if here:
        return hub.kubectl(f"describe pod {spawn.pod}")
    return hub.kubectl(
        f"get events --field-selector involvedObject.name={spawn.pod} --sort-by=.metadata.creationTimestamp"
    )


def remedy(phase: Phase, hub: Hub, values: Values | None, spawn: Spawn, *, here: bool) -> Fix:
    """The fix for spawns that stood in this phase."""
    look = look_at(hub, spawn, here)
    if phase.word == "pulling":
        return _pulling(phase, hub, values, spawn, look)
    if phase.word in {"scaling-up", "late-node"}:
        seconds = max(enough(spawn.limit, phase.took), LEAST)
        return hub.values_fix(
            f"Give a start {seconds} seconds, more than a new node takes. "
            "User placeholders keep a node ready ahead of users.",
            more_time(seconds),
        )
    if phase.word == "api-slow":
        return Fix(
            "Find out why the API server is slow to create pods: its own health, and admission webhooks that time out. "
            "The hub asks for 30 seconds (hub.config.KubeSpawner.k8s_api_request_retry_timeout).",
            commands=(
                "kubectl get --raw '/readyz?verbose'",
                "kubectl get mutatingwebhookconfigurations,validatingwebhookconfigurations",
            ),
        )
    if phase.word == "former-pod":
        return Fix(
            "See why the former pod does not go (a node that is gone, a finalizer), then remove it.",
            commands=(look, hub.kubectl(f"delete pod {spawn.pod} --force --grace-period=0")),
            caution="Deleting by force is safe only when the node is really gone: its volume may still be in use.",
        )
    if phase.word == "not-noticed":
        return Fix(
            "Restart the hub: it no longer sees what happens to pods.",
            commands=(hub.kubectl(f"rollout restart {_hub(hub)}"),),
            caution=RESTARTS,
        )
    if phase.word == "elsewhere":
        events = f"kubectl --namespace {spawn.namespace} get events --sort-by=.metadata.creationTimestamp"
        return Fix(
            "Start such a server again and look in its user's namespace why it does not start: this hub gives each "
            "user one (enable_user_namespaces).",
            commands=(f"kubectl --namespace {spawn.namespace} describe pod {spawn.pod}", events),
        )
    if phase.key == NEXT_VOLUME:
        return Fix(
            "See why the volume of the next pod is not there: what its events say, and the storage driver's pods.",
            commands=(hub.kubectl(f"describe pod {spawn.pod}") if here else hub.kubectl("get events"),),
        )
    if phase.word == "no-trace":
        return Fix(
            "Start such a server again and run jhubdoctor while it is pending: its pod and its events tell the cause.",
            commands=(hub.kubectl("get events --sort-by=.metadata.creationTimestamp"),),
        )
    return Fix(
        f"{_TEXTS.get(phase.word, 'See what its pod says.')} {_NO_HELP}",
        commands=tuple(filter(None, _more(phase, hub, look))),
    )


_TEXTS = {
    "no-node": "See what the scheduler says of each group of nodes: all that it names has to be mended on one of them.",
    "nobody-schedules": "See whether the scheduler that the pod names runs, and what it logs.",
    "not-asked": "See what the hub logged meanwhile: before it asks for a pod it lists those that there are.",
    "gated": "Something has to remove the scheduling gate: see who sets it.",
    "volume-pending": "See why the claim gets no volume.",
    "volume-mount": "See why the volume does not come: the event names the cause.",
    "pull-failed": "Correct the image's name, or the right to pull it.",
    "sandbox": "The node's network plugin fails: see its pods on that node.",
    "init": "See what the init container logs.",
    "init-failed": "See what the init container logs.",
    "container-config": "Correct what the container refers to: the message names it.",
    "crash": "See what the container logged before it ended.",
    "oom": "Give users more memory, or start less in the container.",
    "evicted": "See why the node gives up pods: memory, disk, or that it goes away.",
    "not-ready": "See which container is not ready: sidecars count too.",
    "node-silent": "See whether the node's kubelet is well.",
}


def _more(phase: Phase, hub: Hub, look: str) -> tuple[str, ...]:
    if phase.word == "nobody-schedules":
        return (
            hub.kubectl("get pods --selector component=user-scheduler"),
            hub.kubectl("logs --selector component=user-scheduler --tail 50"),
        )
    if phase.word == "not-asked":
        return (hub.kubectl(f"logs {_hub(hub)} --tail 200"),)
    if phase.word == "node-silent":
        return (look, "kubectl get nodes")
    return (look,)


def _pulling(phase: Phase, hub: Hub, values: Values | None, spawn: Spawn, look: str) -> Fix:
    seconds = enough(spawn.limit, phase.took)
    patch = more_time(seconds)
    off = []
    for puller in ("continuous", "hook"):
        if values is not None and not values.enabled(f"prePuller.{puller}.enabled"):
            patch.setdefault("prePuller", {})[puller] = {"enabled": True}
            off.append(puller)
    known = f" The pull took {phase.took:.0f} seconds." if phase.took is not None else ""
    how = (
        "Let the image pullers bring the image to the nodes before users come, and"
        if off
        else "Make the image smaller, or see why the image pullers had not brought it to that node; until then, as "
        "shown,"
    )
    return hub.values_fix(f"{how} give a start {seconds} seconds.{known}", patch, look)


def _hub(hub: Hub) -> str:
    return f"deployment {hub.deployment.name}" if hub.deployment is not None else "deployment hub"
