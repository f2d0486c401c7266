"""What cert-manager says of certificates that it has not issued or renewed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from jhubdoctor.api import (
    Certificate,
    Challenge,
    Events,
    Evidence,
    Hub,
    Look,
    NotApplicable,
    Ref,
    Served,
    Unreadable,
    excerpt,
    fact,
)
from jhubdoctor_checks.facts.network import ServedCertificate

_GROUP = "cert-manager.io/"
# What it says before anything has failed; its issuers and steps say more.
_BEGUN = ("DoesNotExist", "Issuing", "Pending")
# What it makes for a certificate is named after it: hub-tls-1, hub-tls-1-3421 and hub-tls-1-3421-7742 (pkg/api/util).
_STEPS = {
    "CertificateRequest": r"-[^-]+",
    "Order": r"-[^-]+-\d+",
    "Challenge": r"-[^-]+-\d+-\d+",
    "Certificate": "",
}
# A longer name is cut before the last number is added, and what is left no longer tells whose it is.
_CUT = 39


@dataclass(frozen=True)
class Issue:
    """A certificate that is not there yet.

    Attributes:
        of: its Certificate.
        text: the most telling of what is said of it, whole; empty where nothing is.
        evidence: that, and what its conditions say.
    """

    of: Ref
    text: str
    evidence: tuple[Evidence, ...]


@fact("certificates", "challenges")
def issuing(
    look: Look, hub: Hub, certificates: list[ServedCertificate], events: Events | None, served: Served | None
) -> dict[str, Issue]:
    """Of each Secret that cert-manager should fill, and has not filled, why; by its name."""
    if not any(c.renewed and c.by.kind != "Deployment" for c in certificates):
        raise NotApplicable("no certificate is left to cert-manager")
    if served is not None and not any(v.startswith(_GROUP) for v in served.versions):
        raise NotApplicable("cert-manager is not installed")
    names = {c.name for c in certificates if c.renewed}
    try:
        found = [c for c in look.list("certificates", hub.namespace) if c.spec.secret_name in names and not _ready(c)]
        challenges = look.list("challenges", hub.namespace) if found else []
    except Unreadable as e:
        if e.not_served:
            raise NotApplicable("cert-manager is not installed") from e
        raise
    return {c.spec.secret_name: _issue(c, challenges, events) for c in found}


def _ready(c: Certificate) -> bool:
    ready = c.condition("Ready")
    return ready is not None and ready.status == "True"


def _issue(c: Certificate, challenges: list[Challenge], events: Events | None) -> Issue:
    said = sorted(_said(c, challenges, events), key=lambda s: s[0])
    return Issue(
        c.ref,
        said[0][2] if said else "",
        tuple(Evidence(source, excerpt(text), at) for _, source, text, at in said[:3]),
    )


def _said(
    c: Certificate, challenges: list[Challenge], events: Events | None
) -> Iterator[tuple[int, str, str, datetime | None]]:
    """What is said of a certificate: how little it tells, where, and in which words."""
    for x in challenges:
        if _of(c, "Challenge", x.name) and x.status.message:
            yield 0, "challenge", f"{x.spec.dns_name}, {x.spec.type}: {x.status.message}", None
    for kind in _STEPS:
        for e in events.items if events is not None else ():
            if e.type == "Warning" and e.about[0] == kind and _of(c, kind, e.about[1]):
                yield 1, "event", f"{e.reason} of {kind} {e.about[1]}: {e.message}", e.at
                break
    for condition in c.status.conditions:
        if condition.status == "False" and condition.message:
            little = 3 if condition.reason in _BEGUN else 2
            text = f"{c.name} {condition.type}: {condition.reason}: {condition.message}"
            yield little, "certificate", text, condition.last_transition_time


def _of(c: Certificate, kind: str, name: str) -> bool:
    """Whether an object of this name was made for the certificate, or is it."""
    if len(c.name) > _CUT:
        return name.startswith(c.name[:_CUT])
    return re.fullmatch(re.escape(c.name) + _STEPS[kind], name) is not None
