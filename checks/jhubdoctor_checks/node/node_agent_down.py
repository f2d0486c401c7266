"""Agents that pods live on and that do not run on a node: kube-proxy, the network's, the DNS cache, CSI drivers."""

from collections.abc import Iterator

from jhubdoctor.api import Evidence, Finding, Fix, Rung, Severity, check, count, grouped, some
from jhubdoctor_checks.data.agents import ROLES
from jhubdoctor_checks.facts.agents import IdleAgent
from jhubdoctor_checks.facts.hub_nodes import HubNodes


# a node whose network has no agent says so itself, and not why
@check(
    severity=Severity.ERROR,
    at=Rung.MOUNTED,
    stops=Rung.MOUNTED,
    explains=("node-not-ready",),
    complete=("nodes", "pods", "all_daemon_sets", "idle_agents"),
)
def node_agent_down(idle_agents: list[IdleAgent], hub_nodes: HubNodes) -> Iterator[Finding]:
    """An agent that pods need does not run on a node of the hub or its users."""
    for (daemon_set, word), members in grouped(idle_agents, lambda a: (a.daemon_set.ref, a.word)):
        first = members[0]
        here = [p for a in members for p in a.here]
        ailing = tuple(dict.fromkeys(r for a in members for r in a.ailing))
        away = tuple(a.node.ref for a in members if not a.node.ready)
        name = f"{daemon_set.namespace}/{daemon_set.name}"
        yield Finding(
            on=(daemon_set, *(a.pod.ref for a in members if a.pod)),
            says=f"DaemonSet {name}, which {ROLES[first.role]}, does not run on {_nodes(members)}"
            f"{_there(len(here), len(ailing))}: {first.says}",
            evidence=(
                *(e for a in members[:3] for e in a.evidence),
                *(Evidence("pod", f"{r.name} was refused or is not ready there") for r in ailing[:3]),
            ),
            fix=_fix(first, name),
            severity=None if ailing or away else Severity.WARNING,
            cause=word,
            affects=tuple(dict.fromkeys((*hub_nodes.suffer(here), *ailing, *away))),
        )


def _nodes(members: list[IdleAgent]) -> str:
    names = [a.node.name for a in members]
    return f"node {names[0]}" if len(names) == 1 else f"{len(names)} nodes ({some(names)})"


def _there(here: int, ailing: int) -> str:
    """Who is concerned there."""
    if ailing:
        return f", where {count(ailing, 'pod')} of this hub did not start or {'is' if ailing == 1 else 'are'} not ready"
    return f", where {count(here, 'pod')} of this hub {'is' if here == 1 else 'are'}" if here else ""


def _fix(agent: IdleAgent, name: str) -> Fix:
    kubectl = f"kubectl --namespace {agent.daemon_set.namespace}"
    if agent.word == "tainted":
        text = f"Add a toleration for that taint to {name}, in the values of what installs it."
    elif agent.pod is None:
        text = "See why no pod of it is made for that node."
    else:
        text = "Correct what keeps its pod from running. Where nothing does, delete the pod: it is made anew."
    if agent.pod is None:
        return Fix(text, commands=(f"{kubectl} describe daemonset {agent.daemon_set.name}",))
    log = f"{kubectl} logs {agent.pod.name} --all-containers --previous --tail 50"
    return Fix(
        text,
        commands=(f"{kubectl} describe pod {agent.pod.name}", *((log,) if agent.word == "crashes" else ())),
    )
