"""What admission says where it refuses pods of the hub itself."""

import re

from jhubdoctor.api import Fix, Hub
from jhubdoctor_checks._known import Known, table
from jhubdoctor_checks.policy._core import reason

# Texts of plugin/pkg/admission of Kubernetes 1.20 to 1.37.
# The first that matches wins, and its `name` is what it is about.
REFUSALS = table(
    (
        "service-account-missing",
        r'error looking up service account \S+: serviceaccounts? "(?P<name>[\w.-]+)" not found',
        "the service account {name} does not exist",
        "Create it, or let the chart: serviceAccount.create of that component. The chart binds its rights to the name.",
    ),
    (
        "priority-class-missing",
        r"no PriorityClass with name (?P<name>\S+) was found",
        "the PriorityClass {name} does not exist",
        "Make the PriorityClass again: an upgrade does where scheduling.podPriority.enabled is true.",
    ),
    (
        "quota-exceeded",
        r"exceeded quota: (?P<name>[\w.-]+)",
        "the quota {name} has no room",
        "Raise the quota, or stop what uses it.",
    ),
    (
        "quota-needs-limits",
        r"failed quota: (?P<name>[\w.-]+): must specify",
        "the quota {name} takes only pods that say how much they need",
        (
            "Give the pods resources (hub.resources, proxy.chp.resources, scheduling.userScheduler.resources), or the "
            "namespace a LimitRange with defaults."
        ),
    ),
    (
        "pod-security",
        r'violates PodSecurity "(?P<name>[^"]+)"',
        "the namespace's Pod Security level {name} forbids them",
        "Correct the securityContext that the message names, or choose another level for the namespace.",
    ),
    (
        "webhook-failed",
        r'failed calling (?:admission )?webhook "(?P<name>[\w.-]+)"',
        "the admission webhook {name} does not answer",
        "Bring the service behind the webhook back.",
    ),
    (
        "webhook-denied",
        r'admission webhook "(?P<name>[\w.-]+)" denied',
        "the admission webhook {name} denies them",
        "Make the pods keep the policy that the message names, or have an exception made for them.",
    ),
    ("refused", r"(?s)(?P<name>.*)", "{name}", "The message says what the API server does not take."),
)

# What an upgrade does not change: it is made by hand, or belongs to somebody else.
_NOT_BY_UPGRADE = frozenset({"service-account-missing", "quota-exceeded", "webhook-failed"})


def refusal_of(message: str) -> tuple[Known, re.Match[str]]:
    """The kind of a refusal; the last of the table takes every text."""
    return next((r, m) for r in REFUSALS if (m := r.pattern.search(reason(message))))


def remedy(hub: Hub, row: Known, name: str) -> Fix:
    """What to do."""
    first = {
        "service-account-missing": hub.kubectl(f"create serviceaccount {name}"),
        "priority-class-missing": "kubectl get priorityclasses",
        "quota-exceeded": hub.kubectl(f"describe resourcequota {name}"),
        "quota-needs-limits": hub.kubectl(f"describe resourcequota {name}"),
        "pod-security": f"kubectl get namespace {hub.namespace} --show-labels",
    }.get(row.word, "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations")
    last = "" if row.word in _NOT_BY_UPGRADE else hub.helm_upgrade
    return Fix(row.fix, commands=tuple(filter(None, (first, last))))
