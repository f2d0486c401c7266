"""Pods that anything in the cluster may reach."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Hub, NetworkPolicy, Severity, Values, check
from jhubdoctor_checks.data.components import COMPONENTS

PLACES = tuple(c.section for c in COMPONENTS if "networkPolicy" in c.settings)


@check(severity=Severity.INFO)
def network_policy_off(hub: Hub, values: Values, network_policies: list[NetworkPolicy]) -> Iterator[Finding]:
    """The chart's NetworkPolicies are off, so users' servers reach each other and the proxy's API."""
    if not hub.at_least("0.10.0") or any(
        p.component not in {"hub", "proxy", "autohttps", "singleuser"} for p in network_policies
    ):
        # off by default before 0.10; someone has policies of their own
        return
    off = [p for p in PLACES if values.get(f"{p}.networkPolicy.enabled") is False]
    if not off:
        return
    yield Finding(
        on=(hub.ref,),
        says=f"no NetworkPolicy guards {', '.join(off)}: users' servers reach what they like in the cluster",
        evidence=tuple(("values", f"{p}.networkPolicy.enabled: false") for p in off),
        fix=Fix(
            "Turn them on, where the cluster's network enforces them.",
            values=_on(off),
            commands=(hub.helm_upgrade,),
            caution="Users' servers then reach no private addresses but the hub's, unless egressAllowRules say so.",
        ),
    )


def _on(places: list[str]) -> dict[str, object]:
    patch: dict[str, object] = {}
    for place in places:
        inner: dict[str, object] = {"networkPolicy": {"enabled": True}}
        first, _, second = place.partition(".")
        patch[first] = {second: inner} if second else inner
    return patch
