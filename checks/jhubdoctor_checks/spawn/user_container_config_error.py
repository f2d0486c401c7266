"""Containers of users' servers that cannot be made or started."""

from collections.abc import Iterator

from jhubdoctor.api import Evidence, Finding, Hub, Pod, Rung, Severity, check, clean, count, grouped
from jhubdoctor_checks.spawn._servers import refs
from jhubdoctor_checks.spawn._starts import meaning, remedy, told, word_of


@check(severity=Severity.ERROR, at=Rung.STARTED)
def user_container_config_error(hub: Hub, user_pods: list[Pod]) -> Iterator[Finding]:
    """Containers of users' servers cannot be started: a wrong command, reference, or user to run as."""
    found = [
        (pod, status, *why)
        for pod in user_pods
        if not pod.terminating and not pod.ready
        for status in pod.statuses()
        if (why := told(status))
    ]
    for (name, word), members in grouped(found, lambda f: (f[1].name, word_of(f[3]))):
        pod, _, _, message = members[0]
        yield Finding(
            on=refs(p for p, *_ in members),
            says=f"container {name} of {count(len(members))} cannot be started: {meaning(word, pod, name, message)}",
            evidence=tuple(
                Evidence("pod.status", f"{p.name}: {name}: {r}: {clean(m, 300)}") for p, _, r, m in members[:3]
            ),
            fix=remedy(word, hub, pod, name),
            cause=f"{name} {word}",
        )
