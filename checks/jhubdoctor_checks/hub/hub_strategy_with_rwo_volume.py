"""A hub that may run twice on a volume for one."""

from collections.abc import Iterator

from jhubdoctor.api import Evidence, Finding, Fix, Hub, NotApplicable, PersistentVolumeClaim, Rung, Severity, check

_ONE = {"ReadWriteOnce", "ReadWriteOncePod"}


# all that the hub's log tells is about its Deployment: two hubs on a disk are why of this alone
@check(severity=Severity.WARNING, stops=Rung.MOUNTED, explains=("hub-database-locked",))
def hub_strategy_with_rwo_volume(hub: Hub, claims: list[PersistentVolumeClaim]) -> Iterator[Finding]:
    """The hub is set to run twice, at once or during an upgrade, though its volume or its database is for one."""
    if hub.deployment is None:
        raise NotApplicable("the hub is not installed yet")
    spec = hub.deployment.spec
    known = {c.name: c for c in claims}
    single = [
        c for name in spec.template.spec.claims if (c := known.get(name)) and c.spec.access_modes
        and set(c.spec.access_modes) <= _ONE
    ]  # fmt: skip
    shown = tuple(Evidence("claim", f"{c.name}: {', '.join(c.spec.access_modes)}") for c in single)
    if spec.replicas > 1:
        yield Finding(
            on=(hub.ref,),
            says=f"the hub has {spec.replicas} replicas, and JupyterHub can only run once",
            evidence=(Evidence("deployment", f"spec.replicas: {spec.replicas}"), *shown),
            fix=Fix(
                "Scale it down: two hubs overwrite each other's routes and database.",
                commands=(hub.kubectl(f"scale deployment {hub.deployment.name} --replicas=1"),),
            ),
            severity=Severity.ERROR,
            cause="replicas",
            affects=tuple(c.ref for c in single),
        )
    elif spec.strategy.type == "RollingUpdate" and single:
        yield Finding(
            on=(hub.ref,),
            says="the next upgrade starts a second hub beside the first: on one node both write to one database, "
            "on another it waits for the volume",
            evidence=(Evidence("deployment", "spec.strategy.type: RollingUpdate"), *shown),
            fix=Fix(
                "Let the old hub end before the new one starts, as is the chart's default.",
                values={"hub": {"deploymentStrategy": {"type": "Recreate"}}},
                commands=(hub.helm_upgrade,),
                caution="The hub is away for some seconds at each upgrade; users' servers keep running.",
            ),
            cause="rolling-update",
            affects=tuple(c.ref for c in single),
        )
