"""Values under names that the chart no longer reads."""

from collections.abc import Iterator
from dataclasses import dataclass

from jhubdoctor.api import Finding, Fix, Hub, Severity, Values, check, some


@dataclass(frozen=True)
class Move:
    """A value, the chart's version that stopped reading it, and where it went."""

    path: str
    since: str
    to: str


# From the chart's changelog and its values.yaml at each tag.
MOVES = (
    Move("hub.imagePullSecret", "0.10.0", "imagePullSecret"),
    Move("singleuser.imagePullSecret", "0.10.0", "imagePullSecret"),
    Move("hub.uid", "0.10.0", "hub.containerSecurityContext.runAsUser"),
    Move("proxy.networkPolicy", "0.10.0", "proxy.chp.networkPolicy"),
    Move("proxy.nodeSelector", "0.10.0", "proxy.chp.nodeSelector"),
    Move("proxy.containerSecurityContext", "0.10.0", "proxy.chp.containerSecurityContext"),
    Move("singleuser.cloudMetadata.enabled", "1.0.0", "singleuser.cloudMetadata.blockWithIptables (the opposite)"),
    Move("proxy.pdb", "0.11.0", "proxy.chp.pdb"),
    Move("auth", "0.11.0", "hub.config"),
    Move("hub.extraConfigMap", "1.0.0", "custom"),
    Move("hub.fsGid", "2.0.0", "hub.podSecurityContext.fsGroup"),
    Move("rbac.enabled", "2.0.0", "rbac.create and serviceAccount.create of each component"),
    Move("httpRoute.gateway", "5.0.0.dev0", "httpRoute.parentRefs"),
)


@check(severity=Severity.WARNING)
def value_has_moved(hub: Hub, values: Values) -> Iterator[Finding]:
    """A value stands under a name that this version of the chart does not read."""
    moved = [m for m in MOVES if hub.at_least(m.since) and values.has(m.path)]
    if not moved:
        return
    yield Finding(
        on=(hub.ref,),
        says=f"the chart {hub.chart} does not read {some(m.path for m in moved)}",
        evidence=tuple(
            ("values", f"{m.path} is set; since chart {m.since.removesuffix('.dev0')} it is {m.to}") for m in moved[:8]
        ),
        fix=Fix(
            "Move what it says to "
            + "; ".join(f"{m.to} (from {m.path})" for m in moved[:4])
            + ", and delete it there.",
            commands=(hub.helm_upgrade,),
        ),
    )
