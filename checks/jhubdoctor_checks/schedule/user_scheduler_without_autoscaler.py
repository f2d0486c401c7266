"""A user-scheduler where nothing removes nodes."""

from collections.abc import Iterator

from jhubdoctor.api import Autoscaler, Deployment, Events, Finding, Fix, Hub, Node, Severity, check

# What autoscalers write about pods and nodes (cluster-autoscaler, Karpenter).
_SIGNS = (
    "TriggeredScaleUp",
    "NotTriggerScaleUp",
    "FailedScaleUp",
    "ScaleDown",
    "ScaleDownEmpty",
    "Nominated",
    "DisruptionBlocked",
    "Unconsolidatable",
)
# With one node for users there is nothing to pack or to spread.
SEVERAL = 2


@check(severity=Severity.INFO)
def user_scheduler_without_autoscaler(
    hub: Hub, user_scheduler: Deployment, autoscaler: Autoscaler, nodes: list[Node], events: Events
) -> Iterator[Finding]:
    """The user-scheduler packs users onto few nodes, and nothing removes the ones left empty."""
    if autoscaler or events.of(*_SIGNS) or not user_scheduler.spec.replicas:
        return
    for_users = [n for n in nodes if n.purpose == "user"] or [n for n in nodes if n.purpose != "core"]
    if len(for_users) < SEVERAL:
        return
    yield Finding(
        on=(user_scheduler.ref,),
        says="the user-scheduler fills one node after the other, and no autoscaler was seen that removes the rest",
        evidence=(
            ("deployment", f"{user_scheduler.name}: spec.replicas: {user_scheduler.spec.replicas}"),
            ("node", f"{len(for_users)} nodes for users, none with a label of an autoscaler"),
            ("configmap", "no kube-system/cluster-autoscaler-status"),
        ),
        fix=Fix(
            "On a fixed set of nodes turn it off, so that users are spread. Where an autoscaler runs unseen, leave it.",
            {"scheduling": {"userScheduler": {"enabled": False}}},
            (hub.helm_upgrade,),
            "The upgrade restarts the hub. Wait until no server is starting: pods that wait would never be placed.",
        ),
    )
