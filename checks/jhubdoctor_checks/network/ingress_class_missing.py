"""Ingresses that no controller serves."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from jhubdoctor.api import Finding, Fix, Hub, Ingress, IngressClass, Rung, Severity, check, clean
from jhubdoctor_checks.facts.network import FORMER_CLASS
from jhubdoctor_checks.facts.ways_in import INGRESS_PATIENCE, WRITE_ADDRESS, addressed

DEFAULT = "ingressclass.kubernetes.io/is-default-class"


@check(severity=Severity.ERROR, at=Rung.REACHED)
def ingress_class_missing(
    hub: Hub, hub_ingresses: list[Ingress], hub_ingress_classes: list[IngressClass], now: datetime
) -> Iterator[Finding]:
    """The Ingress that leads to the hub is served by no controller."""
    known = {c.name: c for c in hub_ingress_classes}
    names = ", ".join(sorted(known)) or "none"
    for i in hub_ingresses:
        wanted = i.spec.ingress_class_name
        # clouds take minutes to give an address; a class that does not exist is waited for in vain
        waits = now - i.created < INGRESS_PATIENCE and (wanted in known or not wanted)
        if addressed(i) or waits:
            continue
        former = i.annotations.get(FORMER_CLASS, "")
        evidence = [
            ("ingress", f"{i.name}: ingressClassName {clean(wanted, 80) or 'not set'}, status without an address"),
            ("ingressclasses", names),
        ]
        fix = _fix(hub, i, sorted(known))
        severity: Severity | None = None
        if wanted in known:
            controller = known[wanted].spec.controller
            if controller not in WRITE_ADDRESS:
                continue
            says, cause = (
                f"the controller {clean(controller, 80)} has given the Ingress {i.name} no address",
                "no-address",
            )
            severity = Severity.WARNING
            fix = Fix(
                "See in the controller's log and events what it makes of the Ingress.",
                commands=(
                    hub.kubectl(f"describe ingress {i.name}"),
                    "kubectl get services --all-namespaces | grep -i ingress",
                ),
            )
        elif wanted:
            says, cause = (
                f"the Ingress {i.name} asks for the class {clean(wanted, 80)}, which does not exist",
                "no-such-class",
            )
        elif former:
            # by this annotation a controller may serve it without any IngressClass
            continue
        elif not known:
            says, cause = f"the Ingress {i.name} has no class, and the cluster has no IngressClass", "no-controller"
        elif any(c.annotations.get(DEFAULT) == "true" for c in hub_ingress_classes):
            # the default is written into an Ingress when that is made, so this one is older
            says, cause = f"the Ingress {i.name} has no class: it is older than the cluster's default class", "no-class"
            severity = Severity.WARNING
        else:
            says, cause = f"the Ingress {i.name} has no class, and no IngressClass is the default", "no-class"
            severity = Severity.WARNING
        yield Finding(on=(i.ref,), says=says, evidence=tuple(evidence), fix=fix, severity=severity, cause=cause)


def _fix(hub: Hub, ingress: Ingress, known: list[str]) -> Fix:
    """The class by its name, in the values where the chart has made the Ingress; it labels all that it makes."""
    text = "Name a class that exists" + (f" ({', '.join(known)})" if known else ": install an Ingress controller first")
    look = "kubectl get ingressclasses"
    if ingress.component:
        return Fix(f"{text}.", _named(hub, known[0]) if len(known) == 1 else {}, (look, hub.helm_upgrade))
    change = json.dumps({"spec": {"ingressClassName": known[0]}}) if len(known) == 1 else ""
    how = f"patch ingress {ingress.name} --patch '{change}'" if change else f"edit ingress {ingress.name}"
    return Fix(f"{text}; the chart has not made this Ingress.", commands=(look, hub.kubectl(how)))


def _named(hub: Hub, name: str) -> dict[str, Any]:
    """The values that name a class; before chart 2.0 an annotation does."""
    if hub.at_least("2.0.0") is False:
        return {"ingress": {"annotations": {FORMER_CLASS: name}}}
    return {"ingress": {"ingressClassName": name}}
