"""The metadata server, blocked and allowed at once."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Hub, Severity, Values, check


@check(severity=Severity.WARNING)
def cloud_metadata_contradiction(hub: Hub, values: Values) -> Iterator[Finding]:
    """The cloud's metadata server is both blocked and allowed, which charts from 3.0 on refuse."""
    blocked = values.enabled("singleuser.cloudMetadata.blockWithIptables")
    rules = "singleuser.networkPolicy.egressAllowRules.cloudMetadataServer"
    if not (blocked and values.enabled("singleuser.networkPolicy.enabled") and values.enabled(rules)):
        return
    yield Finding(
        on=(hub.ref,),
        says="the cloud's metadata server is both blocked and allowed for users, which the chart refuses since 3.0",
        evidence=(
            ("values", "singleuser.cloudMetadata.blockWithIptables: true"),
            ("values", f"{rules}: true"),
        ),
        fix=Fix(
            "Keep users from it, as shown; or allow it with singleuser.cloudMetadata.blockWithIptables: false, and "
            "each user may act with the rights of the node.",
            values={"singleuser": {"networkPolicy": {"egressAllowRules": {"cloudMetadataServer": False}}}},
            commands=(hub.helm_upgrade,),
        ),
    )
