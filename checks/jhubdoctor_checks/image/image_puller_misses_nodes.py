"""Nodes where users' pods run and the image pullers do not."""

from collections.abc import Iterator

from jhubdoctor.api import DaemonSet, Finding, Fix, Hub, Node, Pod, Severity, Shape, Taint, Values, check
from jhubdoctor_checks.facts.image import Pull
from jhubdoctor_checks.image._image_puller_misses_nodes import missed
from jhubdoctor_checks.schedule._place import names
from jhubdoctor_checks.schedule._taints import toleration

_PULLERS = frozenset({"continuous-image-puller", "hook-image-puller"})


# a pod that waits for an image gets it in the end: no rung stops it
@check(severity=Severity.WARNING, explains=("image-pull-slow",))
def image_puller_misses_nodes(
    hub: Hub,
    daemon_sets: list[DaemonSet],
    nodes: list[Node],
    shapes: list[Shape],
    user_pods: list[Pod],
    values: Values,
    pulls: list[Pull] | None,
) -> Iterator[Finding]:
    """Users' pods may run on nodes where no image puller runs, so the first of them waits for the image."""
    pullers = [d for d in daemon_sets if d.component in _PULLERS]
    brought = {c.image for d in pullers for c in d.spec.template.spec.init_containers}
    for key, found in sorted(missed(pullers, nodes, shapes, user_pods).items()):
        why = f"the taint {', '.join(map(str, found.taints))}" if found.taints else "their node selector or affinity"
        yield Finding(
            on=tuple(d.ref for d in pullers),
            says=f"the image pullers do not run on {names(found.nodes)}, where users' pods may: {why} keeps them away",
            evidence=(
                ("node", f"{names(found.nodes)}: taint {key}" if key else f"not selected: {names(found.nodes)}"),
                ("values", f"may run there: {', '.join(found.users[:5])}"),
            ),
            fix=_fix(hub, found.taints, values),
            cause=key or "selector",
            affects=(
                *(n.ref for n in nodes if n.name in found.nodes),
                # those who waited there for an image that the pullers bring to other nodes
                *(hub.pod_ref(p.pod) for p in pulls or () if p.node in found.nodes and p.image in brought),
            ),
        )


def _fix(hub: Hub, taints: list[Taint], values: Values) -> Fix:
    if not taints:
        return Fix(
            "The pullers follow singleuser.nodeSelector and singleuser.extraNodeAffinity, not those of profiles: set"
            " there only what holds for all profiles."
        )
    now = values.items("prePuller.extraTolerations")
    return Fix(
        "Let the pullers tolerate it too; tolerations of a profile do not reach them.",
        {"prePuller": {"extraTolerations": [*now, *(t for t in map(toleration, taints) if t not in now)]}},
        (hub.helm_upgrade,),
        "The upgrade waits until the images are on these nodes; give Helm a --timeout that is long enough.",
    )
