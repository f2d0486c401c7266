"""What admission says where it refuses pods of the hub itself."""

import re
from dataclasses import dataclass

from jhubdoctor import Fix, Hub
from jhubdoctor_checks.policy._core import reason


@dataclass(frozen=True)
class Refusal:
    """One kind of refusal.

    Attributes:
        word: the cause, stable.
        pattern: what the texts have in common; `name` is what it is about.
        says: what it means, with the name in braces.
        text: what to do.
        upgrade: whether an upgrade applies that.
    """

    word: str
    pattern: re.Pattern[str]
    says: str
    text: str
    upgrade: bool = True


# Texts of plugin/pkg/admission of Kubernetes 1.20 to 1.37; the first that matches wins.
REFUSALS = (
    Refusal(
        "service-account-missing",
        re.compile(r'error looking up service account \S+: serviceaccounts? "(?P<name>[\w.-]+)" not found'),
        "the service account {name} does not exist",
        "Create it, or let the chart: serviceAccount.create of that component. The chart binds its rights to the name.",
    ),
    Refusal(
        "priority-class-missing",
        re.compile(r"no PriorityClass with name (?P<name>\S+) was found"),
        "the PriorityClass {name} does not exist",
        "Make the PriorityClass again: an upgrade does where scheduling.podPriority.enabled is true.",
    ),
    Refusal(
        "quota-exceeded",
        re.compile(r"exceeded quota: (?P<name>[\w.-]+)"),
        "the quota {name} has no room",
        "Raise the quota, or stop what uses it.",
        upgrade=False,
    ),
    Refusal(
        "quota-needs-limits",
        re.compile(r"failed quota: (?P<name>[\w.-]+): must specify"),
        "the quota {name} takes only pods that say how much they need",
        "Give the pods resources (hub.resources, proxy.chp.resources, scheduling.userScheduler.resources), or the "
        "namespace a LimitRange with defaults.",
    ),
    Refusal(
        "pod-security",
        re.compile(r'violates PodSecurity "(?P<name>[^"]+)"'),
        "the namespace's Pod Security level {name} forbids them",
        "Correct the securityContext that the message names, or choose another level for the namespace.",
    ),
    Refusal(
        "webhook-failed",
        re.compile(r'failed calling (?:admission )?webhook "(?P<name>[\w.-]+)"'),
        "the admission webhook {name} does not answer",
        "Bring the service behind the webhook back.",
        upgrade=False,
    ),
    Refusal(
        "webhook-denied",
        re.compile(r'admission webhook "(?P<name>[\w.-]+)" denied'),
        "the admission webhook {name} denies them",
        "Make the pods keep the policy that the message names, or have an exception made for them.",
    ),
    Refusal(
        "refused", re.compile(r"(?s)(?P<name>.*)"), "{name}", "The message says what the API server does not take."
    ),
)


def refusal_of(message: str) -> tuple[Refusal, re.Match[str]]:
    """The kind of a refusal; the last of the table takes every text."""
    return next((r, m) for r in REFUSALS if (m := r.pattern.search(reason(message))))


def remedy(hub: Hub, row: Refusal, name: str) -> Fix:
    """What to do."""
    first = {
        "service-account-missing": hub.kubectl(f"create serviceaccount {name}"),
        "priority-class-missing": "kubectl get priorityclasses",
        "quota-exceeded": hub.kubectl(f"describe resourcequota {name}"),
        "quota-needs-limits": hub.kubectl(f"describe resourcequota {name}"),
        "pod-security": f"kubectl get namespace {hub.namespace} --show-labels",
    }.get(row.word, "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations")
    upgrade = row.upgrade and row.word != "service-account-missing"
    return Fix(row.text, commands=tuple(filter(None, (first, hub.helm_upgrade if upgrade else ""))))
