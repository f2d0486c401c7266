"""Which refused logins are more than a mistake of one user."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from jhubdoctor.api import Evidence, Fix, Hub, PersistentVolumeClaim, Pod, Service, grouped
from jhubdoctor_checks.facts.traffic import Request, Traffic
from jhubdoctor_checks.texts import Known, filled, known, names_of
from jhubdoctor_checks.texts.login import FORMS, LOGIN_REFUSALS
from jhubdoctor_checks.vitals._said import nobody

# A form that was open for an hour, two tabs: now and then. One user types a wrong password five times.
_OFTEN, _PEOPLE, _KNOWN, _SHARE = 3, 3, 2, 0.25
_USER = "hub.jupyter.org/username"
_FORM = "/hub/login"
_OTHER = 5


@dataclass(frozen=True)
class Refusals:
    """Refused logins of one kind.

    Attributes:
        word: `address`, `xsrf`, `form`, `not-allowed`, `password`, `reason`.
        requests: oldest first.
        says: what it is.
        few: whether so few tried that they may be strangers.
        row: what knows the hub's words.
    """

    word: str
    requests: tuple[Request, ...]
    says: str
    few: bool = False
    row: Known[None] | None = None

    @property
    def codes(self) -> str:
        """How the hub answered; a wrong password with 200 before JupyterHub 5."""
        return " and ".join(sorted({str(r.status) for r in self.requests if r.refused and r.status >= 400})) or "200"


def users(
    traffic: Traffic, user_pods: list[Pod] | None, claims: list[PersistentVolumeClaim] | None
) -> frozenset[str] | None:
    """Names, in small letters, of those whom the hub let in: now, before, or long ago; None where nobody could look."""
    if user_pods is None or claims is None:
        return None
    homes = {c.annotations.get(_USER) or c.labels.get(_USER, "") for c in claims}
    return traffic.known() | {n.casefold() for n in (*homes, *(p.user for p in user_pods)) if n}


def refusals(traffic: Traffic, homes: frozenset[str] | None, now: datetime) -> Iterator[Refusals]:
    """Kinds of refused logins of the last hour that weigh."""
    requests = traffic.lately(now)
    well = traffic.logged_in(now)
    names = traffic.known() if homes is None else homes
    refused = [r for r in requests if r.is_login and r.refused]
    for why, group in grouped(refused, lambda r: r.why):
        number, share = len(group), len(group) / (len(group) + len(well))
        if why == "xsrf":
            if number >= _OFTEN and share >= _SHARE and (found := _forms(group, requests, bool(well))):
                yield found
        elif why in {"not-allowed", "password"} and not well:
            tried = {r.about.casefold() for r in group if r.about}
            mine = {t for t in tried if t in names or t.partition("@")[0] in names}
            many, first = len(tried) >= _PEOPLE, homes is not None and not homes
            # a hub that let nobody in so far: whom its rules refuse has not mistyped anything
            few = why == "not-allowed" and (len(tried) >= _KNOWN or number >= _OFTEN)
            if len(mine) >= _KNOWN or (first and (many or few)):
                says = (
                    "no rule of the hub's configuration allows who tries"
                    if why == "not-allowed"
                    else "nothing that users type is taken, as if the server that knows them answered no to all"
                )
                yield Refusals(why, tuple(group), says, few=not (mine or many))
        elif number >= _OTHER and not well and not why:
            yield from _reasons(group)


def _reasons(group: list[Request]) -> Iterator[Refusals]:
    """Those of which nothing but the hub's own words tells why: by what they say."""
    for row, members in grouped(group, lambda r: known(LOGIN_REFUSALS, r.reason)):
        if len(members) < _OFTEN:
            continue
        said = {nobody(r.reason) for r in members}
        quoted = f"the hub says: {said.pop()}" if len(said) == 1 and members[0].reason else "for several reasons"
        if row is None:
            yield Refusals("reason", tuple(members), quoted)
        else:
            m = row.search(members[-1].reason)
            yield Refusals(row.word, tuple(members), row.means(m.groupdict("") if m else {}), row=row)


def _forms(group: list[Request], requests: list[Request], well: bool) -> Refusals | None:
    """Forms whose XSRF token does not count: of a client whose address changes, or without one at all."""
    forms = [r for r in requests if r.handler == "login" and r.method == "GET" and r.status == 200]
    moved = 0
    for r in group:
        before = [f for f in forms if f.at <= r.at]
        moved += bool(before) and before[-1].address != r.address
    if 2 * moved > len(group):
        return Refusals("address", tuple(group), "the client's address changes between the login form and its answer")
    if all("missing from" in r.reason for r in group):
        if all(r.route != _FORM for r in group):
            # a page of an authenticator, which other sites send users to: no scanner knows of it
            return Refusals("launch", tuple(group), "what another site sends users here with has no XSRF token")
        # a script that never asked for the form is no user
        enough = not well and 2 * len(forms) >= len(group)
        return Refusals("form", tuple(group), "the login form sends no XSRF token") if enough else None
    return Refusals("xsrf", tuple(group), "the XSRF token of the login form does not count when it comes back")


def shape(kind: Refusals, traffic: Traffic) -> Iterator[Evidence]:
    """What the requests have in common, without a name."""
    if kind.word == "address":
        seen = {r.address for r in kind.requests}
        yield Evidence("hub log", f"they came from {len(seen)} addresses, the form mostly from another one")
    if kind.word in {"not-allowed", "password"}:
        tried = {r.about for r in kind.requests if r.about}
        yield Evidence("hub log", f"{len(tried)} different names were tried")
        known = {"@" in name for name in traffic.known()}
        if len(known) == 1 and all(("@" in name) not in known for name in tried):
            others = "are addresses" if True in known else "are none"
            yield Evidence("hub log", f"names with @ and without: those that the hub let in before {others}")


def remedy(hub: Hub, kind: Refusals, services: Iterable[Service]) -> Fix:
    """What to do about a kind."""
    if kind.word == "address":
        return _address(hub, services)
    if kind.row is not None:
        return kind.row.remedy(names_of(hub))
    if kind.word in FORMS:
        return filled(FORMS[kind.word], names_of(hub))
    if kind.word == "not-allowed":
        return hub.values_fix(
            "Compare the names in the hub's log with allowed_users, admin_users and the other rules under hub.config: "
            "letter by letter, with or without what follows the @.",
            {},
            _grep(hub, "not allowed"),
        )
    if kind.word == "reason":
        asked = _grep(hub, f"{kind.requests[-1].method} {kind.requests[-1].route}")
        return Fix("See what the authenticator logs just before.", commands=(asked,))
    return Fix(
        "Log in once yourself, and see what the authenticator logs just before: what it asked the server that knows "
        "the users (its address, the account that it binds with, the template of names under hub.config).",
        commands=(_grep(hub, "Failed login"),),
    )


def _address(hub: Hub, services: Iterable[Service]) -> Fix:
    """JupyterHub 5.3 (chart 4.2) lets the address be left out; from 4.1 on it counts."""
    outer = [s.name for s in services if s.spec.type in {"LoadBalancer", "NodePort"}]
    keep = '{"spec":{"externalTrafficPolicy":"Local"}}'
    first = tuple(hub.kubectl(f"patch service {name} --patch '{keep}'") for name in outer[:1])
    if hub.at_least("4.2.0"):
        return hub.values_fix(
            "Let the address count no more for users who are not logged in, as shown; or let the balancer pass it on "
            "(externalTrafficPolicy: Local on the Service, or the PROXY protocol), and its health checks know of it.",
            {"hub": {"extraEnv": {"JUPYTERHUB_XSRF_ANONYMOUS_IP_CIDRS": "0.0.0.0/0;::/0"}}},
        )
    return Fix(
        "Let the hub see the client's own address: externalTrafficPolicy: Local on the Service that takes users in, "
        "the PROXY protocol or X-Forwarded-For from the balancer. From chart 4.2 (JupyterHub 5.3) on the address can "
        "be left out instead: JUPYTERHUB_XSRF_ANONYMOUS_IP_CIDRS in hub.extraEnv.",
        commands=first or (hub.kubectl("get service --output wide"),),
        caution="With Local only nodes that run a pod of the proxy answer: the balancer has to check their health.",
    )


def _grep(hub: Hub, text: str) -> str:
    return hub.kubectl(f"logs deployment/{hub.ref.name} --container hub --tail 5000 | grep -B 5 '{text}'")
