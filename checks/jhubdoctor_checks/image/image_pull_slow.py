"""Images whose pull takes longer than a server may take to start."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Finding, Hub, Pod, Rung, Severity, Spawns, Values, check, grouped
from jhubdoctor_checks.facts.image import Pull
from jhubdoctor_checks.facts.starts import START_TIMEOUT, start_limit
from jhubdoctor_checks.image._image_pull_slow import Slow, more_time, slow_pulls


@check(severity=Severity.ERROR, at=Rung.REACHED)
def image_pull_slow(
    hub: Hub, pulls: list[Pull], spawns: Spawns, user_pods: list[Pod], values: Values | None, now: datetime
) -> Iterator[Finding]:
    """An image takes longer to pull than a server may take to start."""
    limit = start_limit(values) or START_TIMEOUT
    found = slow_pulls(hub, pulls, spawns, user_pods, limit, now)
    for image, members in sorted(grouped(found, lambda x: x.pull.image)):
        members.sort(key=lambda x: (-x.waited, x.ref.name))
        yield _finding(hub, image, members, pulls, limit, values)


def _finding(hub: Hub, image: str, found: list[Slow], pulls: list[Pull], limit: int, values: Values | None) -> Finding:
    worst = found[0]
    failed = [x.failed for x in found if x.failed]
    limit = next((s.limit for s in failed if s.limit), limit)
    whole = max((p.took for p in pulls if p.image == image and p.took is not None), default=None)
    nodes = sorted({x.pull.node for x in found if x.pull.node})
    if failed:
        says = f"{image} was still being pulled when the {limit} seconds for the start of a server were over"
    else:
        part = "longer to pull than" if worst.waited >= limit else "most of"
        says = f"{image} takes {part} the {limit} seconds for the start of a server"
        says += " that the chart gives by default" if values is None else ""
    known = worst.pull.took is not None
    how, where = "pulled in" if known else "still pulling after", f" on {', '.join(nodes[:3])}" if nodes else ""
    return Finding(
        on=tuple(dict.fromkeys(x.ref for x in found)),
        says=says,
        evidence=(
            ("event", f"{worst.ref.name}: {how} {int(worst.waited)} seconds{where}", worst.pull.began),
            *(
                ("hub log", f"{s.pod}: gave up after {s.limit or limit} seconds", s.at)
                for s in sorted(failed, key=lambda s: s.pod)[:3]
            ),
            ("event", f"the longest pull of it took {int(whole)} seconds") if whole and not known else None,
        ),
        fix=more_time(hub, max(whole or 0, worst.waited), limit, values),
        # without the values nobody knows whether it has more time than by default
        severity=None if failed else Severity.INFO if values is None else Severity.WARNING,
        cause=image,
    )
