"""Cluster-wide objects that two releases take for their own."""

from collections.abc import Iterator

from jhubdoctor.api import (
    ClusterRoleBinding,
    Deployment,
    Finding,
    Fix,
    Hub,
    Object,
    Pod,
    PriorityClass,
    Release,
    Rung,
    Severity,
    check,
    clean,
    more,
)
from jhubdoctor_checks.helm._helm_ownership_conflict import foreign, owner

# Helm 3.2 and later (pkg/action/validate.go)
REFUSED = "invalid ownership metadata"
PRIORITIES = ("default-priority", "user-placeholder-priority", "image-puller-priority")


@check(severity=Severity.WARNING, stops=Rung.BOUND)
def helm_ownership_conflict(
    hub: Hub,
    user_scheduler: Deployment,
    scheduler_bindings: list[ClusterRoleBinding],
    priority_classes: list[PriorityClass],
    pending_user_pods: list[Pod],
    newest_release: Release | None,
) -> Iterator[Finding]:
    """Cluster-wide objects of this hub belong to a release in another namespace."""
    account = user_scheduler.spec.template.spec.service_account_name or "default"
    stopped = newest_release is not None and REFUSED in newest_release.description
    upgrade = (hub.release_ref,) if stopped else ()
    suffering = (user_scheduler.ref, *(p.ref for p in pending_user_pods), *upgrade)
    for b in scheduler_bindings:
        accounts = [s for s in b.subjects if s.kind == "ServiceAccount"]
        if not accounts or any(s.namespace == hub.namespace and s.name == account for s in accounts):
            continue
        whose = ", ".join(clean(f"{s.namespace}/{s.name}", 120) for s in accounts[:3])
        yield Finding(
            on=(b.ref,),
            says=f"the ClusterRoleBinding {b.name} gives the user-scheduler's rights to {whose}, and not to this hub's",
            evidence=(
                ("clusterrolebinding", f"subjects: {whose}"),
                ("deployment", f"{user_scheduler.name} runs as {hub.namespace}/{account}"),
                *owner(b),
            ),
            fix=_fix(hub),
            severity=Severity.ERROR,
            cause="binding-of-another",
            affects=suffering,
        )
    own = {f"{hub.release}-{p}" for p in PRIORITIES} if hub.release else set()
    objects: list[Object] = [*scheduler_bindings, *(p for p in priority_classes if p.name in own)]
    theirs = [o for o in objects if foreign(hub, o)]
    if theirs:
        yield Finding(
            on=tuple(o.ref for o in theirs),
            says=f"{theirs[0].ref.kind} {theirs[0].name}{more(len(theirs) - 1)}"
            " of this hub belong to another release, which deletes them when it goes",
            evidence=tuple(e for o in theirs[:4] for e in owner(o)),
            fix=_fix(hub),
            cause="owned-by-another",
            affects=upgrade,
        )


def _fix(hub: Hub) -> Fix:
    return Fix(
        "Give each hub of the cluster a release name of its own: cluster-wide objects are named after it. Until then an"
        " upgrade of this release takes the rights back, and away from the other.",
        commands=("helm list --all-namespaces", hub.helm_again),
        caution="A release of another name makes new claims: move the hub's database and users' claims first.",
    )
