"""Who is refused again and again, and what would let them in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from urllib.parse import unquote

from jhubdoctor.api import Fix, Hub, Pod, Ref, clean, grouped
from jhubdoctor_checks.facts.traffic import Request
from jhubdoctor_checks.vitals._callers import METRICS
from jhubdoctor_checks.vitals._said import forged, nobody

# Machines come back at an interval; what comes from outside may be a scanner.
_OFTEN, _OUTSIDE, _USERS, _PEOPLE, _SPAN = 5, 10, 3, 3, timedelta(minutes=2)
# How a server asks whether a user may come in: an old cookie in a tab that was left open is refused each time. What
# runs beside the hub (a gateway, a BinderHub) asks for many, and some of them may come in.
_COOKIES = re.compile(r"/hub/api/(?:user|authorizations(?:/.*)?)$")
_REQUIRED = re.compile(r"(?i:requires (?:any of \[|scope '))(?P<scope>[a-z:\-]{1,60})")
# apihandlers/auth.py: who has no right to a service, or to their own server; to somebody else's nobody should have.
_SERVICE = re.compile(r"do not have permission to access JupyterHub service (?P<service>[\w.\-]{1,60})")
_SERVER = re.compile(r"do not have permission to access Server at /user/(?P<user>[^/\s]{1,256})/")
_OPEN_METRICS = (
    "Let everyone read them, as shown; or let what scrapes /hub/metrics bring a token with the scope read:metrics (a "
    "service in hub.services and a role in hub.loadRoles), which keeps them closed and takes a change on both sides."
)


def refusals(requests: Sequence[Request], beside: Mapping[str, Pod]) -> Iterator[list[Request]]:
    """Groups of refused requests, each of one caller at one place, that were never let in.

    `beside` has the pods of what runs beside the hub, by their addresses.
    """

    def key(r: Request) -> tuple[str, str, str, str]:
        who = r.name if r.service else r.address if r.inside and not r.name else ""
        return (r.route, "own" if own(r) else r.why, r.caller, who)

    refused = [r for r in requests if r.refused and not r.is_login and _counts(r, beside)]
    for (_, _, caller, _), group in grouped(refused, key):
        shut = [r for r in group if not _let_in(r, requests)]
        least = _USERS if caller == "user" else _OFTEN if caller == "service" or group[0].inside else _OUTSIDE
        if group[0].handler == "oauth2" and not own(group[0]) and len({r.name for r in shut}) < _PEOPLE:
            continue
        if len(shut) >= least and (caller == "user" or shut[-1].at - shut[0].at >= _SPAN):
            yield shut


def _counts(r: Request, beside: Mapping[str, Pod]) -> bool:
    """Whether it is more than a user before a page that is not theirs, or a scanner."""
    if r.caller == "user" and r.handler == "oauth2":
        return _SERVICE.search(r.reason) is not None or own(r)
    if r.caller == "user":
        return r.is_start and r.method == "POST" and r.why in {"xsrf", "scope"} and r.about in {"", r.name}
    machine = r.route.startswith("/hub/api/") or r.route == "/hub/metrics"
    return machine and not (r.caller == "anonymous" and _COOKIES.match(r.route) and r.address not in beside)


def own(r: Request) -> bool:
    """Whether it is about the server of the user who asks."""
    found = _SERVER.search(r.reason)
    return found is not None and unquote(found["user"]) == r.name


def _let_in(r: Request, requests: Sequence[Request]) -> bool:
    """Whether the same caller was let in at the same place, before or after."""
    return any(
        o.route == r.route
        and o.method == r.method
        and o.status < 400
        and (o.name == r.name if r.name else o.address == r.address)
        for o in requests
    )


def place(r: Request) -> str:
    """Where it was refused, with the service that it was for."""
    found = _SERVICE.search(r.reason)
    return f"{r.route} (service {found['service']})" if found else r.route


def objects(hub: Hub, r: Request) -> tuple[Ref, ...]:
    """What it is about: the hub itself where its own helpers are refused, which run beside it."""
    return (hub.ref,) if r.address in {"127.0.0.1", "::1"} and r.route.startswith("/hub/api/") else (hub.service_ref,)


def remedy(hub: Hub, r: Request) -> Fix:
    """What would let them in."""
    if r.route == METRICS:
        return hub.values_fix(
            _OPEN_METRICS,
            {"hub": {"config": {"JupyterHub": {"authenticate_prometheus": False}}}},
            caution="Then whoever reaches the hub may read its metrics. This restarts the hub; users' servers keep "
            "running.",
        )
    if r.service:
        found = _REQUIRED.search(r.reason)
        name = clean(r.name, 60)
        if hub.at_least("2.0.0") is False:
            admin = {"hub": {"services": {name: {"admin": True}}}}
            return hub.values_fix("Give the service the rights of an administrator.", admin)
        if found is None:
            return hub.values_fix("Give the service a role (hub.loadRoles) with the scopes for what it asks.", {})
        role = {"description": "what the service asks for", "scopes": [found["scope"]], "services": [name]}
        return hub.values_fix(
            "Give the service a role with what it asks for.", {"hub": {"loadRoles": {f"{name}-role": role}}}
        )
    if service := _SERVICE.search(r.reason):
        scopes = ["self", f"access:services!service={service['service']}"]
        return hub.values_fix(
            "Let users use the service, where they should: all of them as shown, or a group by a role of its own.",
            {"hub": {"loadRoles": {"user": {"scopes": scopes}}}},
        )
    if r.route.endswith("/activity"):
        return Fix(
            "The hub has no such server any more, or gave it another token: these run on without it, and are neither "
            "stopped nor culled. Ask their users to save, then stop the pods that the hub does not list.",
            commands=(hub.kubectl("get pods --selector component=singleuser-server"),),
        )
    if r.why == "xsrf":
        return forged(hub)
    if r.caller == "user":
        return hub.values_fix(
            "Give the role user back what it may: a role of that name in hub.loadRoles replaces JupyterHub's own.",
            {"hub": {"loadRoles": {"user": {"scopes": ["self"]}}}},
        )
    return Fix(
        "See whose token that is: the token of a service stands in hub.services (apiToken), and in what uses it; a "
        "user's may have been revoked or have expired.",
        commands=(hub.kubectl("get pods -o wide"),),
    )


def why(reason: str) -> str:
    """The hub's own words."""
    return nobody(reason) or "no reason is logged"
