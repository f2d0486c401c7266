"""An autoscaler that will not, or cannot, add the node that is missing."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Rung, Severity, check, grouped
from jhubdoctor_checks.facts.schedule import Unplaced
from jhubdoctor_checks.schedule._place import level, on, owners, verb, who
from jhubdoctor_checks.schedule._room import lacking
from jhubdoctor_checks.texts import known
from jhubdoctor_checks.texts.autoscaler import AFTERWARDS, REFUSALS

_ROWS = (*REFUSALS, *AFTERWARDS)
_STATUS = "kubectl --namespace kube-system get configmap cluster-autoscaler-status -o yaml"


@check(severity=Severity.ERROR, at=Rung.ALLOWED)
def scale_up_refused(misfits: list[Unplaced]) -> Iterator[Finding]:
    """Pods wait for room, and the autoscaler does not add a node."""
    waiting = [p for p in misfits if p.kind not in {"taint", "affinity", "claim"} and not lacking(p, list(p.room))]
    told = [(p, p.refused, r) for p in waiting if p.refused and (r := known(_ROWS, p.refused.message))]
    for row, members in sorted(grouped(told, lambda m: m[2]), key=lambda g: _ROWS.index(g[0])):
        found = [p for p, _, _ in members]
        event = max((e for _, e, _ in members), key=lambda e: (e.at, e.name))
        yield Finding(
            on=on(found),
            says=f"{who(found)} {verb(found, 'waits', 'wait')} for a node that does not come: {row.says}",
            evidence=(("event", f"{event.reason}: {row.excerpt(event.message)}", event.at),),
            fix=Fix(row.fix.text, commands=(_STATUS,)),
            severity=level(found),
            cause=row.word,
            affects=owners(found),
        )
