"""Nodes of the hub or of its users that warn of a fault of their own, where pods suffered from it."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Event, Evidence, Finding, Pod, Rung, Severity, check, clean, count, grouped, times
from jhubdoctor_checks.facts.hub_nodes import HubNodes
from jhubdoctor_checks.facts.image import shared
from jhubdoctor_checks.node._node_faulty import hurt, lasting, robbed
from jhubdoctor_checks.texts import known
from jhubdoctor_checks.texts.nodes import TROUBLES


@check(severity=Severity.WARNING, stops=Rung.UP)
def node_faulty(
    hub_nodes: HubNodes, node_events: list[Event], pods: list[Pod], user_pods: list[Pod], now: datetime
) -> Iterator[Finding]:
    """A node that the hub or its users are on warns of a fault of its own, and what runs there suffers."""
    nodes = {n.name: n for n in hub_nodes.all}
    told = [(e, row) for e in node_events if (row := known(TROUBLES, f"{e.reason} {e.message}"))]
    for (row, name), members in grouped(told, lambda t: (t[1], t[0].involved_object.name)):
        events = lasting(row.word, [e for e, _ in members], now)
        lost = hurt(events, name, [*pods, *user_pods])
        if name not in nodes or not (lost or robbed(events, name, user_pods)):
            continue
        last, often = events[0], times(sum(e.times for e in events))
        ended = f", and {count(len(lost), 'pod')} of this hub there failed about then" if lost else ""
        yield Finding(
            on=(nodes[name].ref,),
            says=f"node {name} {row.says}{ended}",
            evidence=(
                Evidence("event", f"{clean(last.reason, 40)} ({often}): {clean(last.message, 200)}", last.at),
                *(
                    Evidence("pods", f"{p.name} is on node {p.node}, and ended or was not ready about then")
                    for p in lost[:3]
                ),
            ),
            fix=row.remedy({"node": name}),
            cause=row.word,
            affects=tuple(shared(p.ref) for p in lost),
        )
