"""What to do about connections that NetworkPolicies keep back."""

import json
from collections.abc import Iterable
from typing import Any

from jhubdoctor.api import Fix, Hub, NetworkPolicy, Values, merged
from jhubdoctor_checks.facts.connections import Blocked
from jhubdoctor_checks.facts.ends import allowing, may_reach


def walls_of(blocked: Iterable[Blocked]) -> list[NetworkPolicy]:
    """The policies, each once."""
    return list({w.name: w for b in blocked for w in b.walls}.values())


def opened(hub: Hub, values: Values | None, blocked: list[Blocked]) -> Fix:
    """The next step: the chart's own policies where its values can open them, else a policy that allows it."""
    patch: dict[str, Any] = {}
    added: dict[str, dict[str, Any]] = {}
    for b in blocked:
        p = b.path
        own = may_reach(hub, values, p.source, p.target, p.protocol)
        patch = merged(patch, own)
        # the chart makes no policy for the user-scheduler, and has no value for one
        if not own or p.by.component == "user-scheduler":
            for policy in allowing(hub, p.source, p.target, p.port, b.directions):
                added.setdefault(policy["metadata"]["name"], policy)
    text = ("Let the chart's own policies allow it" if patch else "Add a policy that allows it") + _ANY
    if patch and added:
        text = "Let the chart's own policies allow it, and add one for what it has no value for" + _ANY
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(added.values())})
    return Fix(
        text,
        values=patch,
        commands=(
            hub.kubectl(f"describe networkpolicy {' '.join(w.name for w in walls_of(blocked)[:4])}"),
            f"echo '{listed}' | {hub.kubectl('apply --filename -')}" if added else "",
            hub.helm_upgrade if patch else "",
        ),
        caution="It opens these connections, and no others." if added else "",
    )


_ANY = ": what any policy allows is allowed, whatever others say."
