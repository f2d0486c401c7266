"""Objects of the hub that somebody deleted."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Finding, Hub, NotApplicable, Revision, Rung, Severity, check, clean
from jhubdoctor_checks.facts.around import Around
from jhubdoctor_checks.facts.release_objects import MissingObjects
from jhubdoctor_checks.helm._operations import at_work, make, restore
from jhubdoctor_checks.helm._release_object_missing import breaks, idle, named, ref_of, suffers


# a right that is gone has no rung of its own; a pod that is refused for want of its account fails before any of its
# containers could
@check(severity=Severity.ERROR, at=Rung.GIVEN, stops=Rung.MOUNTED, explains=("hub-rbac-forbidden", "core-pods-refused"))
def release_object_missing(
    hub: Hub, missing_objects: MissingObjects, revisions: list[Revision] | None, around: Around, now: datetime
) -> Iterator[Finding]:
    """An object of the hub is gone: the release holds it, and the cluster does not."""
    gone, held_by = missing_objects.objects, missing_objects.held_by
    if revisions and (at_work(revisions[0], now) or revisions[0].status == "uninstalling"):
        raise NotApplicable("Helm is at work on the release")
    gone = tuple(o for o in gone if not idle(o, around))
    if not gone:
        return
    needed = tuple(o for o in gone if breaks(o))
    gone = (*needed, *(o for o in gone if o not in needed))
    holder = f"revision {held_by.number} of the release {held_by.release} holds" if held_by else "every hub has"
    failed = held_by is not None and held_by.status == "failed"
    yield Finding(
        on=tuple(ref_of(o, hub) for o in gone),
        says=f"{named(gone)} {'do' if gone[1:] else 'does'} not exist, which {holder}"
        + (": Helm could not make it" if failed else ""),
        evidence=(
            ("helm", f"{held_by.name}: status {held_by.status}", held_by.modified) if held_by else None,
            ("helm", f"description: {clean(missing_objects.description, 400)}") if failed else None,
            *((o.kind.lower(), f"{o.name}: not found in {hub.namespace}") for o in gone[:5]),
        ),
        fix=make(hub, missing_objects.description) if failed else restore(hub, gone, held_by),
        severity=None if needed else Severity.WARNING,
        affects=(*((hub.release_ref,) if failed else ()), *suffers(hub, gone, around)),
    )
