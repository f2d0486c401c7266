"""What vital signs of the hub have in common: how much failures weigh, and how an exception is told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from jhubdoctor.api import Evidence, Fix, Hub, HubLog, Raised, Severity, clean
from jhubdoctor_checks.origin import Origin, origin

# Below that share, and below that number, what failed is not what users meet.
_SHARE, _MANY = 0.1, 3
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){0,8}")


def weight(failed: Sequence[datetime], well: Sequence[datetime]) -> Severity | None:
    """How much failures of the last hour weigh against what came to a good end: both oldest first.

    An error while nothing came to a good end since, a warning where much failed and it works again, or for a single
    one; None where one of many failed, or somebody's one failure was overcome.
    """
    if not failed:
        return None
    if not any(at > failed[-1] for at in well):
        return Severity.ERROR if len(failed) > 1 else Severity.WARNING
    if len(failed) >= _MANY and len(failed) >= _SHARE * (len(failed) + len(well)):
        return Severity.WARNING
    return None


def nobody(text: str, most: int = 200) -> str:
    """A text of an exception without addresses of people."""
    return _ADDRESS.sub("[address]", clean(text, most))


def came_from(exception: Raised | None, hub_log: HubLog) -> tuple[Evidence, ...]:
    """Whose code raised it, as evidence."""
    found = origin(exception, hub_log)
    return (Evidence("hub log", f"raised in {found.says}"),) if found is not None else ()


def mend(hub: Hub, exception: Raised | None, hub_log: HubLog, search: str) -> Fix:
    """The next step for an exception that no row knows."""
    found: Origin | None = origin(exception, hub_log)
    look = hub.kubectl(f"logs deployment/{hub.ref.name} --container hub --tail 5000 | grep -A 40 '{search}'")
    if found is not None and found.own:
        where = "hub.extraConfig" if found.word == "extra-config" else "that file (hub.extraFiles, or the hub's image)"
        return hub.values_fix(f"Correct the code in {where}; the whole traceback is in the hub's log.", {}, look)
    return Fix(
        "See the whole traceback in the hub's log: its last lines say what was tried, and in whose code.",
        commands=(look,),
    )


def forged(hub: Hub) -> Fix:
    """The next step where the hub takes requests of its own pages for forged (XSRF)."""
    return Fix(
        "Have these users log out and in again; if it comes back, see that one host name leads to the hub, that "
        "nothing before it drops cookies, and that templates of your own have the field _xsrf.",
        commands=(hub.kubectl("get ingress,service"),),
    )
