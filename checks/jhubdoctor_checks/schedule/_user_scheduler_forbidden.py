"""What a kube-scheduler may not list, by its own log."""

import re
from datetime import datetime

from jhubdoctor.api import PodLog, clean
from jhubdoctor_checks.facts.scheduler_log import lasting
from jhubdoctor_checks.texts.rbac import forbidden

# client-go's reflector, kube-scheduler 1.13 to 1.36; later releases quote the whole as err="..." with \" inside.
_LISTING = r"(?i)failed to (?:list|watch) \*[\w.]+: .*?is forbidden: "
# It asks for one ConfigMap of kube-system to know its clients, and works without.
_SPARE = frozenset({"configmaps"})


def refused_lists(logs: list[PodLog], now: datetime) -> tuple[dict[str, int], set[str]]:
    """The resources that it may not list, with the number of refusals that still hold, and as whom it asked."""
    times: dict[str, int] = {}
    users: set[str] = set()
    for lines in lasting(logs, now):
        for line in lines:
            right = forbidden(line) if re.search(_LISTING, line) else None
            if right is not None and right.resource not in _SPARE:
                times[right.name] = times.get(right.name, 0) + 1
                users.add(clean(right.user, 120))
    return times, users
