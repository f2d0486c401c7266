"""A namespace that is being deleted under its hub."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Finding, Fix, Hub, Namespace, Rung, Severity, check, clean, some
from jhubdoctor_checks.facts.around import Around
from jhubdoctor_checks.storage._retain import retain

_ALL = "kubectl get all,configmaps,secrets,persistentvolumeclaims,ingresses,networkpolicies"


@check(severity=Severity.ERROR, at=Rung.GIVEN, stops=Rung.ALLOWED, bars=True)
def namespace_terminating(hub: Hub, namespace: Namespace, around: Around, now: datetime) -> Iterator[Finding]:
    """The hub's namespace is being deleted: nothing new can be made in it, and nothing of it stays."""
    if not namespace.terminating:
        return
    holding = [c for c in namespace.status.conditions if c.status == "True" and c.message]
    undiscovered = any(c.type == "NamespaceDeletionDiscoveryFailure" for c in holding)
    volumes = [c.spec.volume_name for c in around.claims if c.spec.volume_name]
    yield Finding(
        on=(namespace.ref,),
        says=f"the namespace {namespace.name} is being deleted, so no server starts and no upgrade works there",
        evidence=(
            ("namespace", "deletionTimestamp is set", namespace.metadata.deletion_timestamp),
            *(("namespace", f"{c.type}: {clean(c.message, 300)}", c.last_transition_time) for c in holding[:4]),
            ("persistentvolumeclaims", f"{len(volumes)} with a volume: {some(volumes)}") if volumes else None,
        ),
        fix=Fix(
            "A deletion cannot be taken back. "
            + ("First set the volumes that must stay to Retain, then " if volumes else "")
            + ("repair or delete the API service that keeps it from ending" if undiscovered else "see what holds it")
            + "; install the hub again when the namespace is gone.",
            commands=(
                *retain(volumes),
                "kubectl get apiservices" if undiscovered else f"{_ALL} --show-kind --namespace {namespace.name}",
            ),
            caution="Do not take away the finalizers by force: what they stand for (disks, load balancers) would stay.",
        ),
        affects=(
            hub.release_ref,
            hub.ref,
            *(o.ref for o in (*around.workloads, *around.pods)),
            *(hub.pod_ref(name) for name in around.not_made(now)),
        ),
    )
