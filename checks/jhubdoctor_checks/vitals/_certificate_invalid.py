"""Why browsers refuse a certificate, as far as the certificate itself and Traefik's log tell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from jhubdoctor.api import Evidence, Fix, Hub, Pod, clean
from jhubdoctor_checks.facts.network import ACME_KEY, ServedCertificate
from jhubdoctor_checks.network._certificates import leaves
from jhubdoctor_checks.network._secrets import renewed

# Let's Encrypt answers within a minute; the DNS record of a new hub takes longer to be seen.
PATIENCE = timedelta(minutes=10)
OTHER_HOST = "other-host"
# Traefik 2 (`level=error msg=...`) and 3 (`ERR ...`)
_COMPLAINS = re.compile(r"(?i)(?:\bERR\b|\bWRN\b|level=(?:error|warning)).*(?:acme|certificate|\btls\b)")


@dataclass(frozen=True)
class Refused:
    """A certificate that browsers refuse.

    Attributes:
        word: why: `ended`, `not-yet`, `other-host`, `none`.
        says: the same in words.
        since: since when.
        shown: what shows it.
        hosts: for which hosts it is served, or made.
    """

    word: str
    says: str
    since: datetime
    shown: tuple[Evidence, ...]
    hosts: tuple[str, ...] = ()

    @property
    def none(self) -> bool:
        """Whether there is no certificate that one could look at."""
        return self.word == "none"


def refused(
    served: Sequence[ServedCertificate], autohttps_pods: Sequence[Pod], log: Sequence[str] | None, now: datetime
) -> Refused | None:
    """Why browsers refuse the certificate in a Secret, given all that serve it; None where nothing shows it."""
    first = served[0]
    held = leaves(first.secret.data.get(first.key, "") if first.secret else "", first.key)
    name = clean(first.name, 80)
    if not held:
        return _without(first, autohttps_pods, log, now) if first.key == ACME_KEY else None
    # of several that Traefik keeps one may be left of a former host, and those of authorities last for years
    leaf = max(held, key=lambda x: (any("." in h for h in x.hosts), x.not_after))
    asked = tuple(dict.fromkeys(h for c in served for h in c.hosts))
    hosts = asked or leaf.hosts
    if leaf.not_after <= now:
        ended = Evidence("secret", f"{name}, key {first.key}: notAfter", leaf.not_after)
        return Refused("ended", "its certificate has ended", leaf.not_after, (ended,), hosts)
    if leaf.not_before > now + timedelta(hours=1):
        begins = Evidence("secret", f"{name}, key {first.key}: notBefore", leaf.not_before)
        return Refused("not-yet", "its certificate is not valid yet", first.since, (begins,), hosts)
    if asked and leaf.hosts and not any(leaf.covers(h) for h in asked):
        made = Evidence("secret", f"{name}: for {', '.join(leaf.hosts[:4])}")
        since = min(c.since for c in served)
        return Refused(OTHER_HOST, "its certificate is made for other hosts than those asked", since, (made,), asked)
    return None


def look(hub: Hub, c: ServedCertificate, found: Refused) -> Fix:
    """The next step. Traefik is not started again before it is known why: each attempt counts with the authority."""
    if c.key == ACME_KEY:
        return Fix(
            "See in Traefik's log whether it asked for a certificate, and what the authority answered.",
            commands=(hub.kubectl(f"logs deploy/{c.by.name} --container traefik --tail 100"),),
        )
    if found.word == OTHER_HOST:
        describe = hub.kubectl(f"describe {c.by.kind.lower()} {c.by.name}")
        return Fix("See which hosts are asked for, and which the certificate is for.", commands=(describe,))
    return renewed(hub, c)


def _without(c: ServedCertificate, pods: Sequence[Pod], log: Sequence[str] | None, now: datetime) -> Refused | None:
    """Traefik without a certificate: it has run for a while, and refuses TLS (the chart sets sniStrict)."""
    if log is None or not pods or not pods[0].ready or now - pods[0].created < PATIENCE:
        return None
    said = next((line for line in reversed(log) if _COMPLAINS.search(line)), None)
    shown = (
        Evidence("secret", f"{clean(c.name, 80)}: holds no certificate"),
        Evidence("pod", f"{pods[0].name} is ready, and was made", pods[0].created),
        Evidence("traefik log", clean(said, 400) if said else "no word of an error about certificates"),
    )
    return Refused("none", "autohttps has no certificate", pods[0].created, shown)
