"""Claims that are mounted and do not exist."""

from collections.abc import Iterator

from jhubdoctor.api import Evidence, Finding, Fix, Hub, PersistentVolumeClaim, Pod, Ref, Rung, Severity, Values, check


@check(severity=Severity.ERROR, stops=Rung.BOUND)
def static_claim_missing(
    hub: Hub, known_claims: list[PersistentVolumeClaim], hub_pods: list[Pod], user_pods: list[Pod], values: Values
) -> Iterator[Finding]:
    """A claim that pods mount does not exist."""
    exist = {c.name for c in known_claims}
    asked: dict[str, list[tuple[str, str]]] = {}
    if hub.deployment is not None:
        for name in hub.deployment.spec.template.spec.claims:
            asked.setdefault(name, []).append(("deployment", f"{hub.deployment.name} mounts the claim {name}"))
    if values.get("singleuser.storage.type") == "static":
        # where it is not named at all, that is another check's: static-storage-without-claim
        name = str(values.get("singleuser.storage.static.pvcName") or "")
        asked.setdefault(name, []).append(("values", f"singleuser.storage.static.pvcName: {name}"))
    for pod in user_pods:
        if pod.phase == "Pending" and not pod.terminating:
            for name in pod.spec.claims:
                asked.setdefault(name, []).append(("pod.spec", f"{pod.name} mounts the claim {name}"))
    for name in sorted(set(asked) - exist - {""}):
        of_hub = hub.deployment is not None and name in hub.deployment.spec.template.spec.claims
        waiting = [p.ref for p in (*hub_pods, *user_pods) if name in p.spec.claims and p.phase == "Pending"]
        made = hub.z2jh and of_hub and values.get("hub.db.type") == "sqlite-pvc"
        homes = [p for p in user_pods if _home(p, values) == name and p.phase == "Pending"]
        yield Finding(
            on=(Ref("PersistentVolumeClaim", name, hub.namespace, "v1"),),
            says=f"the claim {name}, which {'the hub mounts' if of_hub else 'users mount'}, does not exist",
            evidence=tuple(Evidence(*e) for e in asked[name][:4]),
            fix=_fix(name, hub, homes, made=made),
            affects=(*waiting, *((hub.ref,) if of_hub and not any(p.ready for p in hub_pods) else ())),
        )


def _home(pod: Pod, values: Values) -> str:
    """The claim that the hub makes for the home of this pod's user, where it makes claims."""
    if values.get("singleuser.storage.type", "dynamic") != "dynamic":
        return ""
    notebook, path = pod.container("notebook"), values.get("singleuser.storage.homeMountPath", "/home/jovyan")
    mounts = {m.name for m in notebook.volume_mounts if m.mount_path == path} if notebook else set()
    return next(
        (
            v.persistent_volume_claim.claim_name
            for v in pod.spec.volumes
            if v.name in mounts and v.persistent_volume_claim
        ),
        "",
    )


def _fix(name: str, hub: Hub, homes: list[Pod], *, made: bool) -> Fix:
    if made:
        return Fix("Have the chart make the claim anew.", commands=(hub.helm_again,))
    if homes:
        return Fix(
            "The hub makes this claim when it starts the server: end the start that waits, and have the user start it "
            "once more. What was in a claim of this name before is not in it.",
            commands=(hub.kubectl(f"delete pod {' '.join(p.name for p in homes)}"),),
            caution="The pod has never started, so nothing in it is lost.",
        )
    return Fix(
        f"Make the claim {name} in the namespace {hub.namespace}, or name one that exists: claims of other namespaces "
        "cannot be mounted.",
        commands=(hub.kubectl("get persistentvolumeclaims"),),
    )
