"""Why an API server refuses to create a user's pod or claim, by the message of its answer.

Admission leaves no event behind: the hub's log is the only place that tells. Each row names where its text comes from
in the Kubernetes sources; the texts were the same from 1.20 to 1.36 unless said otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jhubdoctor.api import Fix, Hub, Values


@dataclass(frozen=True)
class Refused:
    """One refusal: what the row's pattern found in its message, the message, and where it happened."""

    m: re.Match[str]
    message: str
    hub: Hub
    values: Values | None


Remedy = Callable[[Refused], Fix]


@dataclass(frozen=True)
class Refusal:
    """One reason to refuse.

    Attributes:
        word: the cause, stable.
        pattern: in the message.
        says: the rest of a sentence that begins "The API server refuses ...:"; may use the pattern's groups.
        remedy: makes the fix.
        transient: whether it passes by itself.
    """

    word: str
    pattern: re.Pattern[str]
    says: str
    remedy: Remedy
    transient: bool = False


def without_pod(message: str) -> str:
    """A message without the name of the pod or claim that it is about, so that those of many users read the same."""
    return re.sub(
        r'^(?:pods|Pod|persistentvolumeclaims|PersistentVolumeClaim) "[^"]*" is (?:forbidden|invalid): ', "", message
    )


def _iptables_off(hub: Hub) -> dict[str, Any]:
    """The patch that leaves out the privileged init container; charts before 0.11 called the switch otherwise."""
    if hub.at_least("0.11.0") is False:
        # `enabled` there means: users may reach the metadata server
        return {"singleuser": {"cloudMetadata": {"enabled": True}}}
    return {"singleuser": {"cloudMetadata": {"blockWithIptables": False}}}


_PRIVILEGED = re.compile(r"(?i)privileged|NET_ADMIN|non-default capabilities|disallowed by cluster policy|hostPath")
_NETPOL = "The chart's NetworkPolicy still keeps users from the cloud's metadata server where the cluster enforces it."


def _pod_security(r: Refused) -> Fix:
    patch: dict[str, Any] = {}
    text = []
    blocked = r.values is None or r.values.enabled("singleuser.cloudMetadata.blockWithIptables", default=True)
    if blocked and (_PRIVILEGED.search(r.message) or "block-cloud-metadata" in r.message):
        patch = _iptables_off(r.hub)
        text.append(f"Leave out the privileged init container block-cloud-metadata. {_NETPOL}")
    if "restricted" in r.message and "notebook" in r.message:
        # KubeSpawner 1.0 (chart 1.0) and later
        patch.setdefault("hub", {})["config"] = {
            "KubeSpawner": {
                "container_security_context": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                    "runAsNonRoot": True,
                    "seccompProfile": {"type": "RuntimeDefault"},
                }
            }
        }
        text.append("Give the notebook container what the level `restricted` asks for.")
    text = text or ["Make the pods fit the namespace's Pod Security level, or choose another level for the namespace."]
    return Fix(
        " ".join(text),
        values=patch,
        commands=(r.hub.helm_upgrade, f"kubectl get namespace {r.hub.namespace} --show-labels"),
        caution="This restarts the hub; users' servers keep running." if patch else "",
    )


def _quota(r: Refused) -> Fix:
    quota, requested, used, limited = r.m["quota"], r.m["requested"], r.m["used"], r.m["limited"]
    return Fix(
        f"Raise the quota (a server asks for {requested}; {used} of {limited} are used), ask for less for each server, "
        "or stop servers that nobody uses (cull.timeout).",
        commands=(r.hub.kubectl(f"describe resourcequota {quota}"), r.hub.kubectl(f"edit resourcequota {quota}")),
    )


def _limits(r: Refused) -> Fix:
    """The limits and requests that a quota wants to see, for each container that it names."""
    patch: dict[str, Any] = {}
    wanted = set(re.findall(r"(limits|requests)\.(cpu|memory)", r.m["wanted"]))
    guarantee = r.values.get("singleuser.memory.guarantee") if r.values is not None else None
    for kind, resource in sorted(wanted):
        key = "limit" if kind == "limits" else "guarantee"
        amount: Any = 1 if resource == "cpu" else guarantee or "1G"
        patch.setdefault("singleuser", {}).setdefault(resource, {})[key] = amount
    if "block-cloud-metadata" in r.message:
        tools: dict[str, Any] = {}
        for kind, resource in sorted(wanted):
            tools.setdefault(kind, {})[resource] = "100m" if resource == "cpu" else "64Mi"
        patch.setdefault("singleuser", {})["networkTools"] = {"resources": tools}
    return Fix(
        "A quota on limits or requests takes only pods that name them. Set them for users (the amounts are a start)"
        + (" and for the init container block-cloud-metadata." if "block-cloud-metadata" in r.message else "."),
        values=patch,
        commands=(r.hub.kubectl(f"describe resourcequota {r.m['quota']}"), r.hub.helm_upgrade),
        caution="This restarts the hub; users' servers keep running.",
    )


def _limit_range(r: Refused) -> Fix:
    resource = r.m["resource"]
    path = {"memory": "singleuser.memory", "cpu": "singleuser.cpu", "storage": "singleuser.storage.capacity"}.get(
        resource
    )
    change = f"Change {path} (or the profile that sets it)" if path else "Change what the pod asks for"
    return Fix(
        f"{change} to fit the namespace's LimitRange, or change the LimitRange.",
        commands=(r.hub.kubectl("describe limitranges"),),
    )


_WEBHOOKS = "kubectl get mutatingwebhookconfigurations,validatingwebhookconfigurations"


def _webhook_down(r: Refused) -> Fix:
    return Fix(
        "Bring the service behind the webhook back. Until it answers, nothing that the webhook covers can be created.",
        commands=(
            f"{_WEBHOOKS} -o 'custom-columns=NAME:.metadata.name,WEBHOOKS:.webhooks[*].name' | grep {r.m['webhook']}",
        ),
    )


def _policy(r: Refused) -> Fix:
    if _PRIVILEGED.search(r.message):
        return Fix(
            f"Leave out the privileged init container block-cloud-metadata. {_NETPOL}",
            values=_iptables_off(r.hub),
            commands=(r.hub.helm_upgrade,),
            caution="This restarts the hub; users' servers keep running.",
        )
    return Fix(
        "Make users' pods keep the policy that the message names, or have an exception made for them.",
        commands=(_WEBHOOKS,),
    )


def _service_account(r: Refused) -> Fix:
    return Fix(
        "Create the service account, or let singleuser.serviceAccountName name one that exists.",
        commands=(r.hub.kubectl(f"create serviceaccount {r.m['account']}"),),
    )


def _priority(r: Refused) -> Fix:
    return Fix(
        "Let the chart make the PriorityClass (scheduling.podPriority.enabled, helm upgrade), or correct the name.",
        commands=("kubectl get priorityclasses", r.hub.helm_upgrade),
    )


def _rbac(r: Refused) -> Fix:
    patch = {"rbac": {"create": True}} if r.values is not None and r.values.get("rbac.create") is False else {}
    return Fix(
        "Give the hub's service account its rights back: the chart's Role and RoleBinding do.",
        values=patch,
        commands=(
            r.hub.kubectl(f"auth can-i {r.m['verb']} {r.m['resource']} --as={r.m['account']}"),
            r.hub.helm_upgrade,
        ),
    )


def _name(r: Refused) -> Fix:
    return Fix(
        "KubeSpawner before 7 makes names that Kubernetes does not take of capital letters and of long user names. "
        "Charts from 4.0 make safe names; before that the authenticator has to normalise user names.",
        commands=(r.hub.upgrade_to("4.4.0"),)
        if r.hub.at_least("4.0.0") is False and not r.hub.argo_cd and r.hub.release
        else (),
        caution="Read the chart's upgrade guide before the upgrade to 4: names of pods and claims change.",
    )


def _guarantee(r: Refused) -> Fix:
    return Fix(
        f"Set singleuser.{r.m['resource']}.guarantee no higher than .limit, in profiles too.",
        commands=(r.hub.helm_upgrade,),
        caution="This restarts the hub; users' servers keep running.",
    )


def _spec(r: Refused) -> Fix:
    return Fix(
        "Correct the value behind the field that the message names (singleuser.*, a profile's kubespawner_override, or "
        "hub.config.KubeSpawner).",
        commands=(r.hub.helm_upgrade,),
        caution="This restarts the hub; users' servers keep running.",
    )


def _wait(r: Refused) -> Fix:
    return Fix(
        "It passes by itself; where it stays, see whether kube-controller-manager runs.",
        commands=(r.hub.kubectl("get resourcequotas"),),
    )


def _gone(r: Refused) -> Fix:
    return Fix(
        "The namespace is being deleted: nothing new can start in it.",
        commands=(f"kubectl get namespace {r.hub.namespace} -o yaml",),
    )


def _other(r: Refused) -> Fix:
    return Fix(
        "The message says what the API server does not take.",
        commands=(
            r.hub.kubectl("get resourcequotas,limitranges"),
            f"kubectl get namespace {r.hub.namespace} --show-labels",
        ),
    )


def _row(word: str, pattern: str, says: str, remedy: Remedy, *, transient: bool = False) -> Refusal:
    return Refusal(word, re.compile(pattern), says, remedy, transient)


# The first that matches wins, so what is particular stands before what is general.
REFUSALS: tuple[Refusal, ...] = (
    # plugin/pkg/admission/resourcequota/controller.go
    _row(
        "quota-exceeded",
        r"exceeded quota: (?P<quota>[\w.-]+), requested: (?P<requested>.+?), used: (?P<used>.+?),"
        r" limited: (?P<limited>[^;]+)",
        "quota {quota} is used up ({used} of {limited}, and a server asks for {requested})",
        _quota,
    ),
    # the names of the containers after `for:` came with 1.26
    _row(
        "quota-needs-limits",
        r"failed quota: (?P<quota>[\w.-]+): must specify (?P<wanted>[^\"]{1,200})",
        "quota {quota} takes only pods that name {wanted}",
        _limits,
    ),
    _row(
        "quota-not-counted",
        r"status unknown for quota|insufficient quota to (?:consume|match these scopes)",
        "the quota has not been counted yet, or none covers such pods",
        _wait,
        transient=True,
    ),
    # k8s.io/pod-security-admission (1.22 and later); PodSecurityPolicy ended with 1.25
    _row(
        "pod-security",
        r'violates PodSecurity "(?P<level>[^"]+)"|(?P<psp>unable to validate against any pod security policy)'
        r"|privileged: (?:Forbidden|Invalid value: true): ?[^,]*(?:disallowed|not allowed)",
        "the namespace's Pod Security rules forbid such pods",
        _pod_security,
    ),
    # plugin/pkg/admission/limitranger/admission.go
    _row(
        "limit-range",
        r"(?P<end>minimum|maximum) (?P<resource>[\w.\-/]+) usage per (?P<kind>\w+) is (?P<bound>[^,\s]+)",
        "the LimitRange sets a {end} of {bound} {resource} for each {kind}",
        _limit_range,
    ),
    _row(
        "limit-range-ratio",
        r"(?P<resource>[\w.\-/]+) max limit to request ratio per (?P<kind>\w+) is (?P<bound>[^,\s]+)",
        "the LimitRange wants limit and request of {resource} no further apart than {bound} to 1",
        _limit_range,
    ),
    _row(
        "guarantee-above-limit",
        r"[Mm]ust be less than or equal to (?P<resource>cpu|memory) limit",
        "the guarantee of {resource} is above its limit",
        _guarantee,
    ),
    # staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook
    _row(
        "webhook-failed",
        r'failed calling (?:admission )?webhook "(?P<webhook>[\w.-]+)"',
        "the admission webhook {webhook} does not answer",
        _webhook_down,
    ),
    _row(
        "webhook-denied",
        r'admission webhook "(?P<webhook>[\w.-]+)" denied the request(?:: (?P<why>.*)| without explanation)',
        "the admission webhook {webhook} denies such pods",
        _policy,
    ),
    # the kind came with 1.26: staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/validating
    _row(
        "policy-denied",
        r"ValidatingAdmissionPolicy '(?P<policy>[^']+)' with binding '[^']+' denied request",
        "the ValidatingAdmissionPolicy {policy} denies such pods",
        _policy,
    ),
    # plugin/pkg/admission/serviceaccount
    _row(
        "service-account-missing",
        r'error looking up service account \S+: serviceaccounts? "(?P<account>[\w.-]+)" not found',
        "the service account {account} does not exist",
        _service_account,
    ),
    # plugin/pkg/admission/priority
    _row(
        "priority-class-missing",
        r"no PriorityClass with name (?P<name>\S+) was found",
        "the PriorityClass {name} does not exist",
        _priority,
    ),
    # what RBAC says: staging/src/k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go
    _row(
        "no-right",
        r'User "(?P<account>[\w:.-]+)" cannot (?P<verb>\w+) resource "(?P<resource>[\w/.-]+)"',
        "the hub's account may not {verb} {resource}",
        _rbac,
    ),
    # staging/src/k8s.io/apimachinery/pkg/api/validation, pkg/util/validation
    _row(
        "invalid-name",
        r"metadata\.(?:name|labels): Invalid value",
        "the user's name makes a name or a label that Kubernetes does not take",
        _name,
    ),
    _row(
        "namespace-ending",
        r"unable to create new content in namespace \S+ because it is being terminated",
        "the namespace is being deleted",
        _gone,
    ),
    _row(
        "runtime-class-missing",
        r'RuntimeClass "?(?P<name>[^"\s]+)"? not found',
        "the RuntimeClass {name} does not exist",
        _spec,
    ),
    _row(
        "invalid-spec",
        r"\bis invalid: |spec\.[\w.\[\]]+: (?:Invalid value|Required value|Not found|Duplicate value|Forbidden)",
        "the pod that the hub makes is not valid",
        _spec,
    ),
    _row("refused", r"(?s).*", "it gives another reason", _other),
)  # fmt: skip


# The groups that name objects: they tell refusals of one kind apart, the amounts do not.
_OBJECTS = ("quota", "level", "kind", "resource", "webhook", "policy", "account", "verb", "name")


def cause_of(row: Refusal, m: re.Match[str]) -> str:
    """A word for the cause that stays the same while amounts and users change."""
    found = m.groupdict()
    return " ".join([row.word, *(found[k] for k in _OBJECTS if found.get(k))])


def refusal_of(message: str) -> tuple[Refusal, re.Match[str]]:
    """The row for a message; the last row takes all."""
    for row in REFUSALS:
        if m := row.pattern.search(message):
            return row, m
    raise AssertionError("the last row takes all")
