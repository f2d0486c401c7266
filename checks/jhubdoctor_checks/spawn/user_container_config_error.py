"""Containers of users' servers that cannot be made or started."""

from collections.abc import Iterator

from jhubdoctor.api import Evidence, Finding, Hub, Pod, Rung, Severity, check, count, grouped
from jhubdoctor_checks.spawn._servers import refs
from jhubdoctor_checks.spawn._user_container_config_error import Start, kind_of, reason_of


@check(severity=Severity.ERROR, at=Rung.STARTED)
def user_container_config_error(hub: Hub, user_pods: list[Pod]) -> Iterator[Finding]:
    """Containers of users' servers cannot be started: a wrong command, reference, or user to run as."""
    found = [
        (pod, status, *why)
        for pod in user_pods
        if not pod.terminating and not pod.ready
        for status in pod.statuses()
        if (why := reason_of(status))
    ]
    for (name, kind), members in grouped(found, lambda f: (f[1].name, kind_of(f[3]))):
        start = Start(kind, members[0][0], name, members[0][3])
        yield Finding(
            on=refs(p for p, *_ in members),
            says=f"container {name} of {count(len(members))} cannot be started: {start.says}",
            evidence=tuple(
                Evidence("pod.status", f"{p.name}: {name}: {r}: {kind.excerpt(m)}") for p, _, r, m in members[:3]
            ),
            fix=start.fix(hub),
            cause=f"{name} {kind.word}",
        )
