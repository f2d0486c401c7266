"""What to say of pods for which no node has room: never, or not now."""

from jhubdoctor.api import Autoscaler, Finding, Fix, Hub, Pod, Ref, Shape, human
from jhubdoctor_checks.facts.schedule import Unplaced
from jhubdoctor_checks.schedule._place import evidence, level, names, on, room_of, verb, who
from jhubdoctor_checks.schedule._room import asked, held, lacking, most, offers, smaller


def never_fits(
    hub: Hub, found: list[Unplaced], shapes: list[Shape] | None, key: str, affects: tuple[Ref, ...]
) -> Finding:
    """No node is large enough."""
    room, lacks = room_of(found), lacking(found[0], list(found[0].room))
    offered = [r for r in lacks if most(r, room)]
    best = " and ".join(f"{human(r, most(r, room))} {r}" for r in offered)
    what = f"the largest node that fits has {best}" if offered else f"no node offers {' and '.join(lacks)}"
    path, patch = smaller(found[0], lacks, room, shapes)
    text = "Ask for less, as shown; or add nodes that are larger, which cost more." if patch else _LESS
    text += f" It is set at {path}." if path and not patch else ""
    if not offered:
        text = f"Add nodes that offer {' and '.join(lacks)}; where there are some, see that their device plugin runs."
    return Finding(
        on=on(found),
        says=f"{who(found)} can never start: {verb(found, 'it asks', 'they ask')} for"
        f" {asked(found[0].requests, lacks)}, and {what}",
        evidence=(
            ("pod.spec", f"requests: {asked(found[0].requests, sorted(found[0].requests))}"),
            *(("node", offers(n, lacks)) for n in sorted(room, key=lambda n: (-most(lacks[0], [n]), n.name))[:3]),
            evidence(found),
        ),
        fix=Fix(text, patch, (hub.helm_upgrade,) if patch else (), lowers=True),
        cause=key,
        affects=affects,
    )


_LESS = "Ask for less, or add nodes that are larger."


def all_full(
    found: list[Unplaced], others: list[Pod], autoscaler: Autoscaler, key: str, affects: tuple[Ref, ...]
) -> Finding:
    """All nodes that are large enough are full."""
    short = sorted(found[0].short)
    # a node without GPUs is not full of them
    room = [n for n in room_of(found) if all(most(r, [n]) for r in short)] or room_of(found)
    words = [p.refused for p in found if p.refused][:1]
    finds = verb(found, "finds", "find") if any(p.pod for p in found) else "found"
    adds = "Let the node pool grow" if autoscaler else "Add a node, or an autoscaler that does"
    own = {"memory", "cpu"} & set(short)
    less = "reserve less for each user (singleuser.memory.guarantee, singleuser.cpu.guarantee), or " if own else ""
    return Finding(
        on=on(found),
        says=f"{who(found)} {finds} no room: {' and '.join(short)} {'is' if len(short) == 1 else 'are'} taken on"
        f" {names(room) or 'all nodes'}",
        evidence=(
            evidence(found),
            *(("node", held(short[0], n, others)) for n in room[:3] if short),
            *(("event", f"{e.reason}: {e.message}", e.at) for e in words),
        ),
        fix=Fix(
            f"{adds}; or {less}stop idle servers sooner (cull.timeout).",
            commands=tuple(f"kubectl describe node {n.name}" for n in room[:1]),
        ),
        severity=level(found),
        cause=key,
        affects=affects,
    )
