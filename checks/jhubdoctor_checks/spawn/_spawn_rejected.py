"""What to do where an API server refuses to create a user's pod or claim: what only this hub and its values tell."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from jhubdoctor.api import RESTARTS, Fix, Hub, Values, where_set
from jhubdoctor_checks.api._move import moving, newer
from jhubdoctor_checks.data.components import rights_key
from jhubdoctor_checks.facts.api import Surface
from jhubdoctor_checks.texts import Known, known, last_words, names_of
from jhubdoctor_checks.texts.admission import ADMISSION, OTHER
from jhubdoctor_checks.texts.privileges import PRIVILEGED, TO_OPENSHIFT, UNBLOCK, iptables_off, openshift

# What passes by itself.
PASSING = frozenset({"quota-not-counted"})


@dataclass(frozen=True)
class Refused:
    """One refusal: the row that knows it, what its pattern found, the message, and where it happened."""

    row: Known[None]
    groups: dict[str, str]
    message: str
    hub: Hub
    values: Values | None
    surface: Surface | None = None

    @property
    def says(self) -> str:
        """What it means, after "The API server refuses ...:"."""
        return self.row.means(self.groups)

    @property
    def fix(self) -> Fix:
        """What to do."""
        fits = _FIXES.get(self.row.word)
        return fits(self) if fits else self.plain()

    def plain(self, **names: str) -> Fix:
        """What the row says to do, with more names."""
        return self.row.remedy({**names_of(self.hub), **self.groups, **names})

    @property
    def cause(self) -> str:
        """A word for the cause that stays the same while amounts and users change."""
        return " ".join([self.row.word, *(self.groups[k] for k in _OBJECTS if self.groups.get(k))])


# The groups that name objects: they tell refusals of one kind apart, the amounts do not.
_OBJECTS = ("quota", "level", "kind", "resource", "webhook", "policy", "account", "verb", "name")


def refused(message: str, hub: Hub, values: Values | None, surface: Surface | None) -> Refused:
    """What a message of the API server means."""
    row = known(ADMISSION, message) or OTHER
    m = row.search(message)
    return Refused(row, {"last": last_words(message), **(m.groupdict("") if m else {})}, message, hub, values, surface)


def without_pod(message: str) -> str:
    """A message without the name of the pod or claim that it is about, so that those of many users read the same."""
    subject = r'^(?:pods|Pod|persistentvolumeclaims|PersistentVolumeClaim) "[^"]*" is (?:forbidden|invalid): '
    return re.sub(subject, "", message)


def _pod_security(r: Refused) -> Fix:
    patch: dict[str, Any] = {}
    text = []
    blocked = r.values is None or r.values.enabled("singleuser.cloudMetadata.blockWithIptables", default=True)
    if blocked and (re.search(PRIVILEGED, r.message) or "block-cloud-metadata" in r.message):
        patch = iptables_off(r.hub)
        text.append(UNBLOCK)
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
    plain = r.plain()
    return replace(plain, text=" ".join(text), values=patch, caution=RESTARTS if patch else "") if text else plain


def _scc(r: Refused) -> Fix:
    text, patch = openshift(r.message, r.hub)
    return replace(r.hub.values_fix(text, patch), replaces=TO_OPENSHIFT) if patch else r.plain()


def _limits(r: Refused) -> Fix:
    """The limits and requests that a quota wants to see, for each container that it names."""
    patch: dict[str, Any] = {}
    wanted = set(re.findall(r"(limits|requests)\.(cpu|memory)", r.groups["wanted"]))
    guarantee = where_set(r.values, "mem_guarantee")[1] if r.values is not None else None
    for kind, resource in sorted(wanted):
        key = "limit" if kind == "limits" else "guarantee"
        amount: Any = 1 if resource == "cpu" else guarantee or "1G"
        patch.setdefault("singleuser", {}).setdefault(resource, {})[key] = amount
    blocks = "block-cloud-metadata" in r.message
    if blocks:
        tools: dict[str, Any] = {}
        for kind, resource in sorted(wanted):
            tools.setdefault(kind, {})[resource] = "100m" if resource == "cpu" else "64Mi"
        patch.setdefault("singleuser", {})["networkTools"] = {"resources": tools}
    plain = r.plain()
    more = " and for the init container block-cloud-metadata." if blocks else "."
    return replace(plain, text=plain.text + more, values=patch)


def _limit_range(r: Refused) -> Fix:
    paths = {"memory": "singleuser.memory", "cpu": "singleuser.cpu", "storage": "singleuser.storage.capacity"}
    path = paths.get(r.groups["resource"])
    return r.plain(change=f"{path} (or the profile that sets it)" if path else "what the pod asks for")


def _policy(r: Refused) -> Fix:
    return r.hub.values_fix(UNBLOCK, iptables_off(r.hub)) if re.search(PRIVILEGED, r.message) else r.plain()


def _rights(r: Refused) -> Fix:
    off = r.values is not None and r.values.get(f"rbac.{rights_key(r.hub)}") is False
    return replace(r.plain(), values={"rbac": {rights_key(r.hub): True}} if off else {})


def _name(r: Refused) -> Fix:
    to = newer(r.hub, r.surface, "4.0.0")
    return replace(r.plain(), commands=(r.hub.upgrade_to(to),) if to else (), caution=moving(r.hub, to) if to else "")


_FIXES: dict[str, Callable[[Refused], Fix]] = {
    "quota-needs-limits": _limits,
    "pod-security": _pod_security,
    "pod-security-policy": _pod_security,
    "privileged-off": _policy,
    "openshift-scc": _scc,
    "limit-range": _limit_range,
    "limit-range-ratio": _limit_range,
    "webhook-denied": _policy,
    "policy-denied": _policy,
    "no-right": _rights,
    "invalid-name": _name,
}
