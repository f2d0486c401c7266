"""More than one default."""

from collections.abc import Iterator

from jhubdoctor.api import Evidence, Finding, Fix, NotApplicable, ServerVersion, Severity, StorageClass, Values, check
from jhubdoctor_checks.storage._pending import winner

NEWEST_WINS = 26
"""The first minor that takes the newest default; before, the API server refuses claims without a class."""


@check(severity=Severity.INFO, fires_only_with=("values",))
def several_default_storage_classes(
    storage_classes: list[StorageClass], server_version: ServerVersion, values: Values | None
) -> Iterator[Finding]:
    """More than one StorageClass is the default."""
    defaults = [c for c in storage_classes if c.is_default]
    keep = winner(defaults)
    if keep is None or len(defaults) == 1:
        return
    if values is not None and not list(_relies(values)):
        raise NotApplicable("the values name a StorageClass for all claims")
    names = sorted(c.name for c in defaults)
    refused = server_version.minor is not None and server_version.minor < NEWEST_WINS
    others = [n for n in names if n != keep.name]
    patch = '{"metadata": {"annotations": {"storageclass.kubernetes.io/is-default-class": "false"}}}'
    yield Finding(
        on=tuple(c.ref for c in sorted(defaults, key=lambda c: c.name)),
        says=f"{len(names)} StorageClasses are the default ({', '.join(names)})"
        + (
            f"; Kubernetes {server_version.short} then refuses every claim that names none"
            if refused
            else f"; new claims that name none get the newest, {keep.name}"
        ),
        evidence=(
            *(
                Evidence("storageclass", f"{c.name}: default, {c.provisioner}", c.created)
                for c in defaults_by_age(defaults)
            ),
            *(Evidence("values", f"{path}: not set") for path in (_relies(values) if values else ())),
        ),
        fix=Fix(
            f"Keep one default ({keep.name} here), and unmark the others.",
            commands=tuple(f"kubectl patch storageclass {name} -p '{patch}'" for name in others),
        ),
        # new users cannot get a home
        severity=Severity.ERROR if refused else None,
    )


def defaults_by_age(defaults: list[StorageClass]) -> list[StorageClass]:
    """The newest first."""
    return sorted(defaults, key=lambda c: (-c.created.timestamp(), c.name))


def _relies(values: Values) -> Iterator[str]:
    """The values that leave the class to the default."""
    if values.get("hub.db.type") == "sqlite-pvc" and values.get("hub.db.pvc.storageClassName") is None:
        yield "hub.db.pvc.storageClassName"
    if values.get("singleuser.storage.type") == "dynamic" and not values.get("singleuser.storage.dynamic.storageClass"):
        yield "singleuser.storage.dynamic.storageClass"
