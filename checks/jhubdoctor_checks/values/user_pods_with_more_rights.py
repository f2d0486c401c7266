"""Users' servers that may more than the chart lets them by default."""

from collections.abc import Iterator
from functools import reduce

from jhubdoctor.api import RESTARTS, Finding, Fix, Hub, Severity, Values, check, clean, merged, nested

_DEFAULTS = {
    "singleuser.serviceAccountName": None,
    "singleuser.allowPrivilegeEscalation": False,
    "singleuser.uid": 1000,
}


@check(severity=Severity.INFO)
def user_pods_with_more_rights(hub: Hub, values: Values) -> Iterator[Finding]:
    """Users' servers have a service account, may gain rights, or run as root."""
    account = values.get("singleuser.serviceAccountName")
    found = {}
    if account:
        found["singleuser.serviceAccountName"] = (
            f"{clean(str(account), 80)}, so users may do what it may in the cluster"
        )
    if values.get("singleuser.allowPrivilegeEscalation") is True:
        found["singleuser.allowPrivilegeEscalation"] = "true, so sudo works where the image allows it"
    if values.get("singleuser.uid") == 0 and not isinstance(values.get("singleuser.uid"), bool):
        found["singleuser.uid"] = "0, so servers run as root in their containers"
    if not found:
        return
    yield Finding(
        on=(hub.ref,),
        says=f"users' servers have more rights than by default ({', '.join(p.rpartition('.')[2] for p in found)})",
        evidence=tuple(("values", f"{path}: {what}") for path, what in found.items()),
        fix=Fix(
            "Take back what is not needed: as shown all of it, as the chart has it.",
            reduce(merged, (nested(path, _DEFAULTS[path]) for path in found)),
            (
                hub.kubectl(f"auth can-i --list --as system:serviceaccount:{hub.namespace}:{clean(str(account), 80)}")
                if account
                else "",
                hub.helm_upgrade,
            ),
            f"What needs these rights in users' servers stops working at their next start. {RESTARTS}",
        ),
    )
