"""What to do about connections that NetworkPolicies keep back."""

from collections.abc import Iterable

from jhubdoctor.api import Fix, Hub, NetworkPolicy, Values
from jhubdoctor_checks.facts.connections import Blocked
from jhubdoctor_checks.facts.ends import allowing, may_reach


def walls_of(blocked: Iterable[Blocked]) -> list[NetworkPolicy]:
    """The policies, each once."""
    return list({w.name: w for b in blocked for w in b.walls}.values())


def opened(hub: Hub, values: Values | None, blocked: list[Blocked]) -> Fix:
    """The next step: the chart's own policies where its values can open them, else a policy that allows it."""
    paths = [b.path for b in blocked]
    patch, text = may_reach(hub, values, [(p.source, p.target, p.protocol) for p in paths])
    # the chart makes no policy for the user-scheduler, and has no value for one
    added = [
        allowing(hub, f"{p.by.name}-to-api-server", p.source, p.port)
        for p in paths
        if p.by.component == "user-scheduler"
    ]
    return Fix(
        text or "Allow it in one of these policies, or add one that does: what any of them allows is allowed.",
        values=patch,
        commands=(
            hub.kubectl(f"describe networkpolicy {' '.join(w.name for w in walls_of(blocked)[:4])}"),
            *added,
            hub.helm_upgrade if patch else "",
        ),
    )
