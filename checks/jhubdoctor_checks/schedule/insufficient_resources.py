"""Pods for which no node has room: never, or not now."""

from collections.abc import Iterator

from jhubdoctor import Autoscaler, Deployment, Finding, Fix, Hub, Node, Pod, Ref, Service, Severity, Shape, check, human
from jhubdoctor_checks._depends import dependents
from jhubdoctor_checks.facts.schedule import Unplaced
from jhubdoctor_checks.schedule._place import (
    EXPLAINS,
    YIELDING,
    evidence,
    level,
    names,
    on,
    owners,
    room_of,
    verb,
    who,
)
from jhubdoctor_checks.schedule._room import asked, held, lacking, most, smaller


@check(severity=Severity.ERROR, explains=EXPLAINS)
def insufficient_resources(
    hub: Hub,
    misfits: list[Unplaced],
    pods: list[Pod],
    user_pods: list[Pod],
    deployments: list[Deployment],
    services: list[Service] | None,
    shapes: list[Shape] | None,
    autoscaler: Autoscaler | None,
) -> Iterator[Finding]:
    """No node has room for a pod: because none is large enough, or because all are full."""
    groups: dict[str, tuple[list[str], list[Unplaced]]] = {}
    for pod in misfits:
        if pod.scaling is not None or pod.kind != "resources":
            continue
        if never := lacking(pod, list(pod.room)):
            groups.setdefault(f"never {asked(pod.requests, never)}", (never, []))[1].append(pod)
        elif pod.component not in YIELDING:
            groups.setdefault(f"full {' '.join(sorted(pod.short))}", ([], []))[1].append(pod)
    waiting = [p for p in user_pods if not p.node and not p.terminating]
    for key, (never, found) in sorted(groups.items()):
        room = room_of(found)
        others = dependents(hub, {p.component for p in found}, deployments, waiting, services)
        affects = tuple(dict.fromkeys((*owners(found), *others)))
        if never:
            yield _never(hub, found, never, room, shapes, key, affects)
        else:
            yield _full(found, room, [*pods, *user_pods], autoscaler, key, affects)


def _never(
    hub: Hub,
    found: list[Unplaced],
    lacks: list[str],
    room: list[Node],
    shapes: list[Shape] | None,
    key: str,
    affects: tuple[Ref, ...],
) -> Finding:
    offered = [r for r in lacks if most(r, room)]
    best = " and ".join(f"{human(r, most(r, room))} {r}" for r in offered)
    what = f"the largest node that fits has {best}" if offered else f"no node offers {' and '.join(lacks)}"
    path, patch = smaller(found[0], lacks, room, shapes)
    where = f" It is set at {path}." if path else ""
    text = f"Ask for less, or add nodes that are larger.{where}"
    if not offered:
        text = f"Add nodes that offer {' and '.join(lacks)}; where there are some, see that their device plugin runs."
    return Finding(
        on=on(found),
        says=f"{who(found)} can never start: {verb(found, 'it asks', 'they ask')} for"
        f" {asked(found[0].requests, lacks)}, and {what}",
        evidence=(
            ("pod.spec", f"requests: {asked(found[0].requests, sorted(found[0].requests))}"),
            *(
                ("node", f"{n.name}: allocatable {', '.join(f'{r} {human(r, most(r, [n]))}' for r in lacks)}")
                for n in sorted(room, key=lambda n: (-most(lacks[0], [n]), n.name))[:3]
            ),
            evidence(found),
        ),
        fix=Fix(text, patch, (hub.helm_upgrade,) if patch else ()),
        cause=key,
        affects=affects,
    )


def _full(
    found: list[Unplaced],
    room: list[Node],
    others: list[Pod],
    autoscaler: Autoscaler | None,
    key: str,
    affects: tuple[Ref, ...],
) -> Finding:
    short = sorted(found[0].short)
    words = [p.refused for p in found if p.refused]
    live = any(p.pod for p in found)
    adds = "Let the node pool grow" if autoscaler else "Add a node, or an autoscaler that does"
    return Finding(
        on=on(found),
        says=f"{who(found)} {verb(found, 'finds', 'find') if live else 'found'} no room: {' and '.join(short)}"
        f" {'is' if len(short) == 1 else 'are'} taken on {names(room) or 'all nodes'}",
        evidence=(
            evidence(found),
            *(("node", held(short[0], n, others)) for n in room[:3] if short),
            *((("event", f"{words[0].reason}: {words[0].message}", words[0].at),) if words else ()),
        ),
        fix=Fix(
            f"{adds}; or reserve less for each user (singleuser.memory.guarantee, singleuser.cpu.guarantee), or stop"
            " idle servers sooner (cull.timeout).",
            commands=tuple(f"kubectl describe node {n.name}" for n in room[:1]),
        ),
        severity=level(found),
        cause=key,
        affects=affects,
    )
