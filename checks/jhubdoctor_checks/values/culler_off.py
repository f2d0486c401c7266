"""Servers that are never stopped."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Hub, Severity, Values, check


@check(severity=Severity.INFO)
def culler_off(hub: Hub, values: Values) -> Iterator[Finding]:
    """Nothing stops servers that nobody uses."""
    own = [name for name in values.mapping("hub.services") if "cull" in name.lower()]
    if values.get("cull.enabled") is not False or own:
        return
    yield Finding(
        on=(hub.ref,),
        says="servers that nobody uses are never stopped, and hold their memory and nodes",
        evidence=(("values", "cull.enabled: false"),),
        fix=Fix(
            f"Let the culler stop them after {values.integer('cull.timeout') or 3600} seconds without activity "
            "(cull.timeout).",
            values={"cull": {"enabled": True}},
            commands=(hub.helm_upgrade,),
            caution="Servers that are idle now will be stopped; what runs in their kernels is lost, files stay.",
        ),
    )
