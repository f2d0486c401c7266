"""An autoscaler that will not, or cannot, add the node that is missing."""

from collections.abc import Iterator

from jhubdoctor.api import Evidence, Finding, Fix, Rung, Severity, check, grouped
from jhubdoctor_checks.facts.autoscaling import STATUS, AutoscalerState, Backoff
from jhubdoctor_checks.facts.schedule import Unplaced
from jhubdoctor_checks.schedule._place import level, on, owners, verb, who
from jhubdoctor_checks.schedule._room import lacking
from jhubdoctor_checks.texts import Known, known
from jhubdoctor_checks.texts.autoscaler import AFTERWARDS, REFUSALS

_ROWS = (*REFUSALS, *AFTERWARDS)
_STATUS = f"kubectl --namespace kube-system get configmap {STATUS} -o yaml"


@check(severity=Severity.ERROR, at=Rung.ALLOWED)
def scale_up_refused(misfits: list[Unplaced], autoscaler_state: AutoscalerState | None) -> Iterator[Finding]:
    """Pods wait for room, and the autoscaler does not add a node."""
    waiting = [p for p in misfits if p.kind not in {"taint", "affinity", "claim"} and not lacking(p, list(p.room))]
    reason = _reason(autoscaler_state)
    told = [(p, p.refused, r) for p in waiting if p.refused and (r := known(_ROWS, p.refused.message))]
    # while it waits before it tries again, its status says what went wrong
    better = [(p, e, reason[0] if reason and r in AFTERWARDS else r) for p, e, r in told]
    for row, members in sorted(grouped(better, lambda m: m[2]), key=lambda g: _ROWS.index(g[0])):
        found = [p for p, _, _ in members]
        event = max((e for _, e, _ in members), key=lambda e: (e.at, e.name))
        why = reason[1] if reason and reason[0] is row else None
        yield Finding(
            on=on(found),
            says=f"{who(found)} {verb(found, 'waits', 'wait')} for a node that does not come: {row.says}",
            evidence=(
                ("event", f"{event.reason}: {row.excerpt(event.message)}", event.at),
                Evidence("configmap", f"{STATUS}: {why.group} in backoff: {row.excerpt(why.message)}") if why else None,
            ),
            fix=Fix(row.fix.text, commands=(_STATUS,)),
            severity=level(found),
            cause=row.word,
            affects=owners(found),
        )


def _reason(state: AutoscalerState | None) -> tuple[Known[None], Backoff] | None:
    """Why node groups are in backoff, where it is the same for all of them."""
    rows = {known(REFUSALS, f"{b.code} {b.message}"): b for b in (state.backoffs if state else ())}
    found = [(row, b) for row, b in rows.items() if row is not None]
    return found[0] if len(rows) == len(found) == 1 else None
