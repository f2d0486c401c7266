"""Ways into the hub that nobody serves."""

from collections.abc import Iterator

from jhubdoctor.api import Deployment, Events, Finding, Hub, Rung, Service, Severity, check
from jhubdoctor_checks.facts.ways_in import Arrivals, State, WayIn
from jhubdoctor_checks.vitals._way_in_not_ready import look, shown


# What a controller warns of where it does not open a way in is about that way: the two fail at the same rung.
@check(
    severity=Severity.ERROR,
    at=Rung.SERVED,
    stops=Rung.REACHED,
    symptom=True,
    explains=("warnings-go-on",),
    complete=("ways_in", "arrivals"),
)
def way_in_not_ready(
    hub: Hub, ways_in: list[WayIn], arrivals: Arrivals, deployments: list[Deployment], events: Events
) -> Iterator[Finding]:
    """Nobody gets in from outside: of the ways into the hub none is served."""
    if any(w.state is not State.SHUT for w in ways_in):
        return
    for w in ways_in:
        # whoever came in since found a way, be it by the port of a node
        if arrivals.since(w.since):
            continue
        yield Finding(
            on=(w.ref,),
            says=f"users {'cannot' if w.sure else 'may not'} get in from outside: the {w.kind} {w.way.name} {w.why}",
            evidence=(*shown(w, events), ("hub log", "within the hour no page for a user from outside since then")),
            fix=look(hub, w),
            severity=None if w.sure else Severity.WARNING,
            cause=w.kind,
            # a certificate is given to whom the authority reaches; behind an Ingress there is more to it than that
            affects=tuple(d.ref for d in deployments if d.component == "autohttps" and isinstance(w.way, Service)),
            unexplained=True,
        )
