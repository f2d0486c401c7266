"""Users' servers that may ask the cloud for the node's credentials."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Hub, Node, Severity, Values, check

# Clouds whose nodes hand out credentials of their own there; GKE hides them (metadata concealment, Workload Identity).
CLOUDS = {"aws": "AWS", "azure": "Azure"}


@check(severity=Severity.INFO)
def cloud_metadata_open(hub: Hub, values: Values, nodes: list[Node] | None) -> Iterator[Finding]:
    """Nothing keeps users' servers from the cloud's metadata server."""
    blocked = values.get("singleuser.cloudMetadata.blockWithIptables")
    policy = values.enabled("singleuser.networkPolicy.enabled")
    rule = values.get("singleuser.networkPolicy.egressAllowRules.cloudMetadataServer")
    # egressAllowRules came in 2.0; before, the default policy left that address out by itself
    if blocked is not False or (policy and rule is not True) or not hub.at_least("1.0.0"):
        return
    clouds = sorted({CLOUDS[c] for n in nodes or [] if (c := n.spec.provider_id.partition(":")[0]) in CLOUDS})
    yield Finding(
        on=(hub.ref,),
        says="users' servers may ask the cloud's metadata server for what the node is allowed to do"
        + (f" ({', '.join(clouds)})" if clouds else ""),
        evidence=(
            ("values", "singleuser.cloudMetadata.blockWithIptables: false"),
            ("values", f"singleuser.networkPolicy.enabled: {str(policy).lower()}"),
            ("values", f"singleuser.networkPolicy.egressAllowRules.cloudMetadataServer: {str(rule).lower()}"),
        ),
        fix=Fix(
            "Unless users are meant to have the node's identity, deny it by policy (which the network must enforce).",
            values={
                "singleuser": {"networkPolicy": {"enabled": True, "egressAllowRules": {"cloudMetadataServer": False}}}
            },
            commands=(hub.helm_upgrade,),
        ),
        severity=Severity.WARNING if clouds else None,
    )
