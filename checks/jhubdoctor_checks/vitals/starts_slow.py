"""Starts of users' servers that all come up, and take nearly all the time that they are given."""

from collections.abc import Iterator
from datetime import timedelta
from statistics import median

from jhubdoctor.api import Evidence, Finding, Fix, Hub, Pod, Rung, Severity, Values, check, count, pod_of
from jhubdoctor_checks.facts.image import shared
from jhubdoctor_checks.facts.starts import Starts

# Of the limit; so many starts, of so many users, are no matter of one user.
_NEARLY, _FEW, _USERS = 0.8, 3, 2
# A profile may have another limit in code, which the values do not tell; what took longer than the limit shows that.
_TRAIT = "KubeSpawner.start_timeout"


# where the time of such starts goes is advice, which explains no warning: it stands under this instead
@check(severity=Severity.WARNING, at=Rung.SERVED, symptom=True, explains=("spawn-timeline",))
def starts_slow(hub: Hub, starts: Starts, values: Values, user_pods: list[Pod]) -> Iterator[Finding]:
    """Servers come up, and users wait nearly as long as a start may take."""
    took = [seconds for _, seconds, _ in starts.came_up]
    slow = [s for s in starts.came_up if s[1] >= starts.limit * _NEARLY]
    if len(slow) < _FEW or len({user for user, _, _ in slow}) < _USERS or median(took) < starts.limit * _NEARLY:
        return
    _, seconds, last = starts.came_up[-1]
    if seconds < starts.limit * _NEARLY or max(took) > starts.limit or _TRAIT in values.traits_in_code:
        return
    # all that waited for one first pull at once: what was asked for after that shows whether it lasts
    if last - timedelta(seconds=seconds) < slow[0][2]:
        return
    pods = {p.name: p for p in user_pods}
    names = {pod_of(user.partition(":")[0], pods) for user, _, _ in slow} - {""}
    yield Finding(
        on=tuple(shared(pods[n].ref) for n in sorted(names)) or (hub.service_ref,),
        says=f"{len(slow)} of {count(len(took), 'start')} took nearly as long as a start may: {median(took):.0f} "
        f"seconds (median), {max(took):.0f} (worst), of {starts.limit}",
        evidence=(
            Evidence("hub log", f"the last one took {seconds:.0f} seconds", last),
            Evidence("hub log", f"since {starts.since:%H:%M} UTC: {starts.counts}"),
            Evidence("values", f"a start may take {starts.limit} seconds"),
        ),
        fix=Fix(
            "See which step of a start takes the time: a little more, and starts fail.",
            commands=(hub.kubectl("get events --sort-by .lastTimestamp"),),
        ),
        cause="slow",
        unexplained=True,
    )
