"""Which refusals of pages are those of users at pages of their own, and what would let them in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from jhubdoctor.api import Fix, Hub, grouped
from jhubdoctor_checks.facts.traffic import Request
from jhubdoctor_checks.vitals._said import forged

# One user may have been put out of a group, and come back to see.
_USERS, _SPAN = 3, timedelta(minutes=2)
_PLACES = {"spawn": "/hub/spawn", "pending": "/hub/spawn"}
_HOME = {"/hub/": "/hub/home", "/hub/home": "/hub/home"}


def refused(seen: Sequence[Request]) -> Iterator[tuple[str, list[Request]]]:
    """The places where users of whom none was let in were refused, with these requests, oldest first."""
    own = [r for r in seen if r.status == 403 and _place(r) and not _told_elsewhere(r)]
    for (place, _), group in grouped(own, lambda r: (_place(r), r.why)):
        shut = [r for r in group if not any(o.name == r.name and _let_in(o, r) for o in seen)]
        if len({r.name for r in shut}) >= _USERS and shut[-1].at - shut[0].at >= _SPAN:
            yield place, shut


def _place(r: Request) -> str:
    """Which page of their own a user asked for; empty for others, for somebody else's, and for whoever is no user."""
    if r.caller != "user" or r.about not in {"", r.name}:
        return ""
    return _PLACES.get(r.handler) or _HOME.get(r.route, "")


def _told_elsewhere(r: Request) -> bool:
    """Whether `requests-refused` tells of it: a form that does not count, and a right to start."""
    return r.is_start and r.method == "POST" and r.why in {"xsrf", "scope"}


def _let_in(o: Request, r: Request) -> bool:
    """Whether an answer shows that its user gets what another was refused: a form that is shown starts nothing."""
    if o.status >= 400 or o.service or o.about not in {"", o.name}:
        return False
    if _place(r) != _PLACES["spawn"]:
        return _place(o) == _place(r)
    return (o.is_start and (o.method == "POST" or o.status == 302 or r.method == "GET")) or o.handler == "pending"


def others_let_in(group: Sequence[Request], seen: Sequence[Request]) -> set[str]:
    """Other users who were let in there."""
    return {o.name for o in seen if o.caller == "user" and _let_in(o, group[-1])} - {r.name for r in group}


def remedy(hub: Hub, r: Request) -> Fix:
    """Where to look next, or the role that they lack."""
    if r.why == "scope":
        return hub.values_fix(
            "Give the role user back what it may: a role of that name in hub.loadRoles replaces JupyterHub's own.",
            {"hub": {"loadRoles": {"user": {"scopes": ["self"]}}}},
        )
    if r.why == "xsrf":
        return forged(hub)
    return Fix(
        "See who gives that reason: code of the profiles, the spawner or the authenticator, in hub.extraConfig or in "
        "the hub's image. Where it goes by groups, see that logins bring them; users then log out and in again.",
        commands=(
            hub.kubectl(f"logs deployment/{hub.ref.name} --container hub --tail 5000 | grep -B 3 -A 6 ' 403 [A-Z]* '"),
        ),
    )
