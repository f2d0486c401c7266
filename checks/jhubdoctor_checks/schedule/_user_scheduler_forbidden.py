"""What a kube-scheduler may not list, by its own log."""

import re

from jhubdoctor.api import PodLog, clean
from jhubdoctor_checks.texts.rbac import forbidden

# client-go's reflector, kube-scheduler 1.13 to 1.36; later releases quote the whole as err="..." with \" inside.
_LISTING = r"(?i)failed to (?:list|watch) \*[\w.]+: .*?is forbidden: "
# What it says once it works, kube-scheduler 1.13 to 1.36; a refusal before that is over.
_WORKS = r"(?i)successfully acquired lease|successfully bound pod|is bound successfully"
# It asks for one ConfigMap of kube-system to know its clients, and works without.
_SPARE = frozenset({"configmaps"})


def refused_lists(logs: list[PodLog]) -> tuple[dict[str, int], set[str]]:
    """The resources that it may not list, with the number of refusals since it last worked, and as whom it asked."""
    times: dict[str, int] = {}
    users: set[str] = set()
    for log in logs:
        last = max((i for i, line in enumerate(log.lines) if re.search(_WORKS, line)), default=-1)
        for line in log.lines[last + 1 :]:
            right = forbidden(line) if re.search(_LISTING, line) else None
            if right is not None and right.resource not in _SPARE:
                times[right.name] = times.get(right.name, 0) + 1
                users.add(clean(right.user, 120))
    return times, users
