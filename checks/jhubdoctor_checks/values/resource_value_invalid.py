"""Amounts of cpu and memory for users that KubeSpawner, the API server or every node refuses."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from jhubdoctor import (
    Autoscaler,
    Finding,
    Fix,
    Hub,
    Node,
    Pod,
    Ref,
    Severity,
    Shape,
    Spawns,
    Values,
    check,
    human,
    may_run,
)
from jhubdoctor_checks.values._resources import PATHS, Given, amount, choices, default, meant

# jupyterhub/traitlets.py and traitlets' Float, as the hub's log quotes them
REFUSED_BY_SPAWNER = ("is not a valid memory specification", "_limit' trait", "_guarantee' trait")
REFUSED_BY_SERVER = ("must be less than or equal to",)
SMALLEST_LIMIT = Decimal(6 * 2**20)
"""Docker's own minimum; no Python starts below it."""


@check(severity=Severity.ERROR, explains=("spawn-rejected", "spawn-error", "insufficient-resources"))
def resource_value_invalid(
    hub: Hub,
    values: Values,
    shapes: list[Shape],
    nodes: list[Node],
    autoscaler: Autoscaler | None,
    spawns: Spawns | None,
    pending_user_pods: list[Pod] | None,
) -> Iterator[Finding]:
    """Cpu or memory for users is given in a way that cannot be granted."""
    failed = spawns.failed if spawns else ()

    def refused(texts: Iterable[str]) -> tuple[Ref, ...]:
        found = {s.pod for s in failed if s.pod and any(t in s.error for t in texts)}
        return tuple(hub.pod_ref(name) for name in sorted(found))

    given = {g.path: (t, g) for t, g in default(values).items()}
    given |= {g.path: (t, g) for c in choices(values) for t, g in c.given.items()}
    for kind, unit in (("cpu", "a number of cores"), ("mem", "a number of bytes, or one with K, M, G or T")):
        wrong = [(t, g) for t, g in given.values() if t.startswith(kind) and amount(t, g.value) is None]
        if wrong:
            yield Finding(
                on=(hub.ref,),
                says=f"{'cpu' if kind == 'cpu' else 'memory'} of users must be {unit}; KubeSpawner refuses"
                f" {', '.join(str(g.value)[:20] for _, g in wrong[:3])}",
                evidence=tuple(("values", str(g)) for _, g in wrong[:6]),
                fix=_corrected(hub, wrong),
                cause=f"{kind}-notation",
                affects=refused(REFUSED_BY_SPAWNER),
            )
    tiny = [(t, g) for t, g in given.values() if t == "mem_limit" and _between(amount(t, g.value))]
    if tiny:
        yield Finding(
            on=(hub.ref,),
            says="the memory limit of users is a few bytes: a number without a suffix counts bytes",
            evidence=tuple(("values", str(g)) for _, g in tiny[:6]),
            fix=Fix("Add the suffix, M or G.", commands=(hub.helm_upgrade,)),
            cause="memory-in-bytes",
        )
    yield from _pairs(hub, values, refused(REFUSED_BY_SERVER))
    yield from _too_large(hub, shapes, nodes, autoscaler, pending_user_pods or [])


def _between(value: Decimal | None) -> bool:
    return value is not None and 0 < value < SMALLEST_LIMIT


def _corrected(hub: Hub, wrong: list[tuple[str, Given]]) -> Fix:
    patch: dict[str, dict[str, object]] = {}
    inside: list[str] = []
    for trait, given in wrong:
        better = meant(trait, given.value)
        if given.path == PATHS[trait]:
            _, section, key = given.path.split(".")
            patch.setdefault(section, {})[key] = better
        else:
            inside.append(f"{given.path}: {better if better is not None else '...'}")
    text = "Write it as KubeSpawner reads it; its K, M, G and T count 1024, so 512M is 512Mi."
    return Fix(
        text + (f" In the profiles: {'; '.join(inside[:4])}." if inside else ""),
        values={"singleuser": patch} if patch else {},
        commands=(hub.helm_upgrade,),
    )


def _pairs(hub: Hub, values: Values, affects: tuple[Ref, ...]) -> Iterator[Finding]:
    """A guarantee above its limit: the API server refuses the pod."""
    for kind, word in (("cpu", "cpu"), ("mem", "memory")):
        bad: dict[tuple[str, str], tuple[Given, Given]] = {}
        for choice in choices(values):
            low, high = choice.given.get(f"{kind}_guarantee"), choice.given.get(f"{kind}_limit")
            if low is None or high is None:
                continue
            least, most = amount(kind, low.value), amount(kind, high.value)
            # KubeSpawner leaves out what is zero
            if least and most and least > most:
                bad[low.path, high.path] = (low, high)
        if bad:
            yield Finding(
                on=(hub.ref,),
                says=f"users are guaranteed more {word} than their limit allows, so the API server refuses their pods",
                evidence=tuple(("values", str(g)) for g in dict.fromkeys(g for pair in bad.values() for g in pair))[:8],
                fix=Fix("Lower the guarantee or raise the limit.", commands=(hub.helm_upgrade,)),
                cause=f"{kind}-guarantee-above-limit",
                affects=affects,
            )


def _too_large(
    hub: Hub, shapes: list[Shape], nodes: list[Node], autoscaler: Autoscaler | None, pending: list[Pod]
) -> Iterator[Finding]:
    """A guarantee that no node could give even if it were empty."""
    for resource in ("cpu", "memory"):
        bad: list[tuple[Shape, Node]] = []
        judged = 0
        for shape in shapes:
            able = [n for n in nodes if resource in n.allocatable and may_run(shape.spec, n)]
            largest = max(able, key=lambda n: (n.allocatable[resource], n.name), default=None)
            judged += largest is not None
            if largest is not None and shape.requests.get(resource, Decimal(0)) > largest.allocatable[resource]:
                bad.append((shape, largest))
        if not bad:
            continue
        has = min(largest.allocatable[resource] for _, largest in bad)
        evidence = [
            ("values", f"{s.name} ({s.path}) asks for {resource} {human(resource, s.requests[resource])}")
            for s, _ in bad[:4]
        ]
        evidence += [
            ("node", f"{n.name}, the largest: allocatable {resource} {human(resource, n.allocatable[resource])}")
            for n in {n.name: n for _, n in bad[:4]}.values()
        ]
        if autoscaler is not None:
            evidence.append(("autoscaler", f"{autoscaler.kind} ({autoscaler.seen}) may add larger nodes"))
        # where something else can still be started, it is only some users who cannot
        severity = Severity.ERROR if len(bad) == judged else Severity.WARNING
        yield Finding(
            on=(hub.ref,),
            says=f"more {resource} is guaranteed to users than any node has in all"
            f" ({', '.join(s.name for s, _ in bad[:2])}{' and others' if len(bad) > 2 else ''})",
            evidence=tuple(evidence),
            fix=Fix(f"Ask for less than {human(resource, has)}, or add larger nodes.", commands=(hub.helm_upgrade,)),
            severity=Severity.INFO if autoscaler is not None else severity,
            cause=f"{resource}-above-nodes",
            affects=tuple(p.ref for p in pending if p.spec.requests.get(resource, Decimal(0)) > has),
        )
