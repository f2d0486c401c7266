"""What it means where admission refuses pods of the hub itself, or of what runs beside it, and what to do."""

from __future__ import annotations

from dataclasses import replace

from jhubdoctor.api import Fix
from jhubdoctor_checks.policy._core import reason
from jhubdoctor_checks.texts import Known
from jhubdoctor_checks.texts.admission import ADMISSION, OTHER, WEBHOOKS

_QUOTA = "kubectl --namespace {ns} describe resourcequota {name}"
# Of these rows `name` is what they are about. A fix without the upgrade's command is made by hand, or by somebody else.
_MEANING: dict[str, tuple[str, Fix]] = {
    "service-account-missing": (
        "the service account {name} does not exist",
        Fix(
            "Create it, as shown; or let the chart (serviceAccount.create of that component), which restarts the hub. "
            "The chart binds its rights to the name.",
            commands=("kubectl --namespace {ns} create serviceaccount {name}",),
        ),
    ),
    "priority-class-missing": (
        "the PriorityClass {name} does not exist",
        Fix(
            "Make the PriorityClass again: an upgrade does where scheduling.podPriority.enabled is true.",
            commands=("kubectl get priorityclasses", "{upgrade}"),
        ),
    ),
    "quota-exceeded": (
        "the quota {name} has no room",
        Fix("Raise the quota, or stop what uses it.", commands=(_QUOTA,)),
    ),
    "quota-needs-limits": (
        "the quota {name} takes only pods that say how much they need",
        Fix(
            "Give the pods resources (hub.resources, proxy.chp.resources, scheduling.userScheduler.resources), or the "
            "namespace a LimitRange with defaults.",
            commands=(_QUOTA, "{upgrade}"),
        ),
    ),
    "pod-security": (
        "the namespace's Pod Security level {name} forbids them",
        Fix(
            "Correct the securityContext that the message names, or choose another level for the namespace.",
            commands=("kubectl get namespace {ns} --show-labels", "{upgrade}"),
        ),
    ),
    "webhook-certificate": (
        "the certificate of the admission webhook {name} is none that the API server takes",
        Fix("Have the certificate made anew, or the webhook's caBundle set to who signed it.", commands=(WEBHOOKS,)),
    ),
    "webhook-failed": (
        "the admission webhook {name} cannot be called",
        Fix("See that the service behind the webhook runs, and that the API server reaches it.", commands=(WEBHOOKS,)),
    ),
    "policy-denied": (
        "the ValidatingAdmissionPolicy {name} denies them",
        Fix(
            "Make the pods keep the policy that the message names, or have an exception made for them.",
            commands=("kubectl get validatingadmissionpolicies", "{upgrade}"),
        ),
    ),
    "webhook-denied": (
        "the admission webhook {name} denies them",
        Fix(
            "Make the pods keep the policy that the message names, or have an exception made for them.",
            commands=(WEBHOOKS, "{upgrade}"),
        ),
    ),
}
_GROUPS = ("quota", "level", "webhook", "policy", "account", "name")
_OTHER = replace(
    OTHER,
    says="{name}",
    fix=Fix("The message says what the API server does not take.", commands=(WEBHOOKS, "{upgrade}")),
)


def refusal_of(message: str) -> tuple[Known[None], str]:
    """The kind of a refusal, and the name of what it is about; the message itself where the kind is not known."""
    text = reason(message)
    for row in ADMISSION:
        if row.word in _MEANING and (m := row.search(text)):
            groups = m.groupdict()
            if name := next((groups[g] for g in _GROUPS if groups.get(g)), ""):
                says, fix = _MEANING[row.word]
                return replace(row, says=says, fix=fix), name
    return _OTHER, text
