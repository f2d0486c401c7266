"""Pods of the hub itself that the API server refuses to make."""

from collections.abc import Iterator

from jhubdoctor.api import Condition, Deployment, Evidence, Finding, Hub, Rung, Severity, check, clean
from jhubdoctor_checks.facts.hub_graph import HubGraph
from jhubdoctor_checks.policy._core import refs, told_of
from jhubdoctor_checks.policy._meanings import refusal_of
from jhubdoctor_checks.texts import Known, names_of


@check(severity=Severity.ERROR, at=Rung.ALLOWED, stops=Rung.UP, symptom=True, bars=True)
def core_pods_refused(hub: Hub, deployments: list[Deployment], hub_graph: HubGraph) -> Iterator[Finding]:
    """The API server refuses to make the pods of hub, proxy or user-scheduler."""
    groups: dict[tuple[str, str], list[tuple[Deployment, Condition]]] = {}
    rows: dict[tuple[str, str], tuple[Known[None], str]] = {}
    for d, c in told_of(deployments):
        row, name = refusal_of(c.message)
        key = row.word, clean(name, 200)
        rows[key] = row, key[1]
        groups.setdefault(key, []).append((d, c))
    for key, members in sorted(groups.items()):
        row, name = rows[key]
        found = [d for d, _ in members]
        components = {d.component for d in found}
        yield Finding(
            on=refs(found),
            says=f"pods of {_and([d.name for d in found])} are refused: {row.means({'name': name})}",
            evidence=tuple(
                Evidence("deployment", f"{d.name}: ReplicaFailure: {row.excerpt(c.message)}", c.last_transition_time)
                for d, c in members[:3]
            ),
            fix=row.remedy({**names_of(hub), "name": name}),
            cause=f"{row.word} {name}"[:120],
            affects=hub_graph.dependents(components),
        )


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
