"""Pods of the hub itself that the API server refuses to make."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jhubdoctor import Condition, Deployment, Evidence, Finding, Fix, Hub, Pod, Service, Severity, check, clean
from jhubdoctor_checks._depends import dependents
from jhubdoctor_checks.policy._core import reason, refs, refusals


@dataclass(frozen=True)
class _Row:
    word: str
    pattern: re.Pattern[str]
    says: str
    text: str
    upgrade: bool = True


# Texts of plugin/pkg/admission of Kubernetes 1.20 to 1.37; the first that matches wins.
_ROWS = (
    _Row(
        "service-account-missing",
        re.compile(r'error looking up service account \S+: serviceaccounts? "(?P<name>[\w.-]+)" not found'),
        "the service account {name} does not exist",
        "Create it, or let the chart: serviceAccount.create of that component. The chart binds its rights to the name.",
    ),
    _Row(
        "priority-class-missing",
        re.compile(r"no PriorityClass with name (?P<name>\S+) was found"),
        "the PriorityClass {name} does not exist",
        "Make the PriorityClass again: an upgrade does where scheduling.podPriority.enabled is true.",
    ),
    _Row(
        "quota-exceeded",
        re.compile(r"exceeded quota: (?P<name>[\w.-]+)"),
        "the quota {name} has no room",
        "Raise the quota, or stop what uses it.",
        upgrade=False,
    ),
    _Row(
        "quota-needs-limits",
        re.compile(r"failed quota: (?P<name>[\w.-]+): must specify"),
        "the quota {name} takes only pods that say how much they need",
        "Give the pods resources (hub.resources, proxy.chp.resources, scheduling.userScheduler.resources), or the "
        "namespace a LimitRange with defaults.",
    ),
    _Row(
        "pod-security",
        re.compile(r'violates PodSecurity "(?P<name>[^"]+)"'),
        "the namespace's Pod Security level {name} forbids them",
        "Correct the securityContext that the message names, or choose another level for the namespace.",
    ),
    _Row(
        "webhook-failed",
        re.compile(r'failed calling (?:admission )?webhook "(?P<name>[\w.-]+)"'),
        "the admission webhook {name} does not answer",
        "Bring the service behind the webhook back.",
        upgrade=False,
    ),
    _Row(
        "webhook-denied",
        re.compile(r'admission webhook "(?P<name>[\w.-]+)" denied'),
        "the admission webhook {name} denies them",
        "Make the pods keep the policy that the message names, or have an exception made for them.",
    ),
    _Row("refused", re.compile(r"(?s)(?P<name>.*)"), "{name}", "The message says what the API server does not take."),
)


@check(
    severity=Severity.ERROR,
    explains=(
        "service-without-endpoints",
        "user-scheduler-down",
        "user-scheduler-lease-stale",
        "proxy-unreachable",
        "helm-release-not-deployed",
        "spawn-timeout",
    ),
)
def core_pods_refused(
    hub: Hub, deployments: list[Deployment], pending_user_pods: list[Pod], services: list[Service] | None
) -> Iterator[Finding]:
    """The API server refuses to make the pods of hub, proxy or user-scheduler."""
    groups: dict[tuple[str, str], list[tuple[Deployment, Condition]]] = {}
    rows: dict[tuple[str, str], tuple[_Row, str]] = {}
    for d, c in refusals(deployments):
        row, m = next((r, m) for r in _ROWS if (m := r.pattern.search(reason(c.message))))
        key = row.word, clean(m["name"], 200)
        rows[key] = row, key[1]
        groups.setdefault(key, []).append((d, c))
    for key, members in sorted(groups.items()):
        row, name = rows[key]
        found = [d for d, _ in members]
        components = {d.component for d in found}
        yield Finding(
            on=refs(found),
            says=f"pods of {_and([d.name for d in found])} are refused: {row.says.format(name=name)}",
            evidence=tuple(
                Evidence("deployment", f"{d.name}: ReplicaFailure: {clean(c.message, 300)}", c.last_transition_time)
                for d, c in members[:3]
            ),
            fix=_fix(hub, row, name),
            cause=f"{row.word} {name}"[:120],
            affects=dependents(hub, components, deployments, pending_user_pods, services),
        )


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _fix(hub: Hub, row: _Row, name: str) -> Fix:
    first = {
        "service-account-missing": hub.kubectl(f"create serviceaccount {name}"),
        "priority-class-missing": "kubectl get priorityclasses",
        "quota-exceeded": hub.kubectl(f"describe resourcequota {name}"),
        "quota-needs-limits": hub.kubectl(f"describe resourcequota {name}"),
        "pod-security": f"kubectl get namespace {hub.namespace} --show-labels",
    }.get(row.word, "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations")
    upgrade = row.upgrade and row.word != "service-account-missing"
    return Fix(row.text, commands=tuple(filter(None, (first, hub.helm_upgrade if upgrade else ""))))
