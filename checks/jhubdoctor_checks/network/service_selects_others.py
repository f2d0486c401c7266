"""Services of the hub that lead to pods of other components too."""

from collections.abc import Iterator

from jhubdoctor.api import (
    Finding,
    Fix,
    Hub,
    NetworkPolicy,
    Pod,
    Rung,
    Service,
    Severity,
    check,
    clean,
    grouped,
    some,
)
from jhubdoctor_checks.network._service_selects_others import behind, component_of, strangers


# A policy without the labels that pods have lost lets nobody through: the same labels, and no rung of a pod's.
@check(
    severity=Severity.ERROR,
    at=Rung.GIVEN,
    explains=("network-policy-blocks-users", "network-policy-blocks-hub"),
    complete=("services",),
)
def service_selects_others(
    hub: Hub,
    services: list[Service],
    pods: list[Pod],
    user_pods: list[Pod] | None,
    network_policies: list[NetworkPolicy] | None,
) -> Iterator[Finding]:
    """A Service of the hub sends requests to pods that do not answer them, beside those that do."""
    every = [*pods, *(user_pods or ())]
    astray = [s for s in sorted(services, key=lambda s: s.name) if component_of(s) and strangers(s, behind(s, every))]
    for selector, group in grouped(astray, lambda s: tuple(sorted(s.spec.selector.items()))):
        found = behind(group[0], every)
        makers = list(dict.fromkeys(p.owner.partition("/")[2] for p in found))
        # a chart around this one took the labels by which its pods are told apart
        unlabelled = not any(p.component for p in found if p.owner.startswith("Deployment/"))
        why = "Have the selector name the component again: helm upgrade sets it as the chart does."
        if unlabelled:
            why = (
                "A chart around or beside this one defines templates of the same names (jupyterhub.labels and"
                " jupyterhub.selectorLabels, as `helm create jupyterhub` does), so all pods have the same labels."
                " Rename those, delete the Deployments, whose selectors cannot be changed, and upgrade."
            )
        own = sorted(m for m in makers if any(p.owner == f"Deployment/{m}" for p in found))
        remove = hub.kubectl(f"delete deployment {' '.join(own)}")
        yield Finding(
            on=tuple(s.ref for s in group),
            says=f"the Service{'s' if group[1:] else ''} {some(s.name for s in group)}"
            f" send{'' if group[1:] else 's'} requests to pods of {some(makers)}, and not all of them answer",
            evidence=(
                ("service", f"selector: {clean(', '.join(f'{k}={v}' for k, v in selector), 300)}"),
                *(("pod", f"{p.name} has these labels") for p in found[:4]),
            ),
            fix=Fix(
                why,
                commands=(hub.kubectl("get pods --show-labels"), *((remove,) if unlabelled else ()), hub.helm_again),
                caution="This restarts hub and proxy; users' servers keep running.",
            ),
            affects=tuple(p.ref for p in network_policies or () if unlabelled and hub.owns(p)),
        )
