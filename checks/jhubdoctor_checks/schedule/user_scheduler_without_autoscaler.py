"""A user-scheduler where nothing removes nodes."""

from collections.abc import Iterator

from jhubdoctor import Autoscaler, Deployment, Events, Finding, Fix, Hub, Node, Severity, Values, check

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


@check(severity=Severity.INFO)
def user_scheduler_without_autoscaler(
    hub: Hub,
    user_scheduler: Deployment,
    autoscaler: Autoscaler | None,
    nodes: list[Node],
    events: Events,
    values: Values,
) -> Iterator[Finding]:
    """The user-scheduler packs users onto few nodes, and nothing removes the ones left empty."""
    if autoscaler is not None or events.of(*_SIGNS) or not user_scheduler.spec.replicas:
        return
    if len(nodes) < 2 or not values.enabled("scheduling.userScheduler.enabled", default=True):
        return
    yield Finding(
        on=(user_scheduler.ref,),
        says="the user-scheduler fills one node after the other, and no sign was seen of an autoscaler that removes the rest",
        evidence=(
            ("values", "scheduling.userScheduler.enabled: true"),
            ("configmap", "no kube-system/cluster-autoscaler-status, no label of an autoscaler on any node"),
            ("event", "none of an autoscaler"),
        ),
        fix=Fix(
            "On a fixed set of nodes turn it off, so that users are spread; where an autoscaler runs unseen, leave it on.",
            {"scheduling": {"userScheduler": {"enabled": False}}},
            (hub.helm_upgrade,),
            "The upgrade restarts the hub. Wait until no server is starting: pods that wait would never be placed.",
        ),
    )
