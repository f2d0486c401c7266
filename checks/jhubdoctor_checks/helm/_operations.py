"""Whether Helm is at work, and how what is gone is made again by whoever manages the hub: Helm, Flux or Argo CD."""

import re
from datetime import datetime, timedelta

from jhubdoctor.api import Fix, Hub, Listed, Revision

PATIENCE = timedelta(minutes=15)
"""Three times Helm's default timeout of five minutes."""


def pending(revision: Revision) -> bool:
    """Whether the revision's status says that an operation is under way: pending-install, pending-upgrade, ..."""
    return revision.status.startswith("pending-") or revision.status == "uninstalling"


def at_work(revision: Revision, now: datetime) -> bool:
    """Whether an operation may really be under way.

    `modified` is by the clock of whoever ran Helm, so it may lie ahead of ours: that is at work too.
    """
    return pending(revision) and now - revision.modified < PATIENCE


def make(hub: Hub, description: str) -> Fix:
    """How what Helm could not make gets made."""
    quota = re.search(r"exceeded quota: ([\w.-]+)", description)
    look = (
        hub.kubectl(f"describe resourcequota {quota[1]}") if quota else f"helm status {hub.release} -n {hub.namespace}"
    )
    return Fix(
        ("Raise the quota, or ask for less" if quota else "Correct what Helm's description names") + "; upgrade again.",
        commands=(look, *hub.by_hand()),
        caution="Users' servers keep running.",
    )


def restore(hub: Hub, gone: tuple[Listed, ...], held_by: Revision | None) -> Fix:
    """How what is gone is made again, by whoever manages the hub."""
    caution = "Users' servers keep running."
    for claim in [o.name for o in gone if o.kind == "PersistentVolumeClaim"][:1]:
        caution += f" The claim {claim} comes back empty, unless its volume was kept."
    if hub.argo_cd:
        text = "Have Argo CD make it again: sync the Application."
        return Fix(text, commands=(f"argocd app sync {hub.application}",), caution=caution)
    where, flux = hub.helm_release
    if flux:
        again = f"flux reconcile helmrelease {flux} --namespace {where} --force"
        return Fix("Have Flux make it again: it does not look for it by itself.", commands=(again,), caution=caution)
    if held_by is None:
        return Fix("Make it again as the hub was installed.", commands=(hub.helm_again,), caution=caution)
    return Fix(
        "Make it again from the release: a rollback to the revision that is deployed makes what is gone, and changes"
        " nothing else.",
        commands=(f"helm rollback {held_by.release} {held_by.number} --namespace {held_by.namespace}",),
        caution=caution,
    )
