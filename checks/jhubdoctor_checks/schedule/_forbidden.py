"""What a kube-scheduler may not list, by its own log."""

import re

from jhubdoctor.api import PodLog, clean

# client-go's reflector, kube-scheduler 1.13 to 1.36; later releases quote the whole as err="..." with \" inside.
_FORBIDDEN = re.compile(
    r'failed to (?:list|watch) \*[\w.]+: .*?is forbidden: User \\?"(?P<user>[^"\\]+)\\?" cannot (?P<verb>\w+) resource'
    r' \\?"(?P<resource>[\w./-]+)\\?" in API group \\?"(?P<group>[\w.-]*)\\?"',
    re.IGNORECASE,
)
# What it says once it works, kube-scheduler 1.13 to 1.36; a refusal before that is over.
_WORKS = re.compile(r"successfully acquired lease|successfully bound pod|is bound successfully", re.IGNORECASE)
# It asks for one ConfigMap of kube-system to know its clients, and works without.
_SPARE = frozenset({"configmaps"})


def refused_lists(logs: list[PodLog]) -> tuple[dict[str, int], set[str]]:
    """The resources that it may not list, with the number of refusals since it last worked, and as whom it asked."""
    times: dict[str, int] = {}
    users: set[str] = set()
    for log in logs:
        last = max((i for i, line in enumerate(log.lines) if _WORKS.search(line)), default=-1)
        for line in log.lines[last + 1 :]:
            m = _FORBIDDEN.search(line)
            if m is not None and m["resource"] not in _SPARE:
                name = f"{m['resource']}.{m['group']}" if m["group"] else m["resource"]
                times[name] = times.get(name, 0) + 1
                users.add(clean(m["user"], 120))
    return times, users
