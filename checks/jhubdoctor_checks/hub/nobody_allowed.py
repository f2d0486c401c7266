"""A hub that lets nobody in."""

import re
from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import RESTARTS, Finding, Fix, Hub, HubLog, Severity, Values, check, times
from jhubdoctor_checks.facts.traffic import Traffic
from jhubdoctor_checks.hub._logged import DAY
from jhubdoctor_checks.hub._tries import tries
from jhubdoctor_checks.login import (
    allow_rules,
    authenticator,
    by_organisation,
    lets_nobody_in_by_default,
    of_an_institution,
)

# JupyterHub's auth.py, 5.0 and later, once at each start
_NO_RULE = r"No allow config found, it's possible that nobody can login"
# handlers/base.py and auth.py, 1.2 and later; the name is quoted as Python does
_REFUSED = r"User ['\"](?P<user>[^'\"]*)['\"] not allowed"
_LOGGED_IN = r"User logged in: "
_NONE = "no allow_all, allowed_* or admin_users under hub.config"
_RUNNING = r"Running JupyterHub version"


# a rule that is missing refuses logins, and is no reason for an error at one
@check(severity=Severity.ERROR, explains=("logins-refused",))
def nobody_allowed(hub: Hub, now: datetime, values: Values, hub_log: HubLog, traffic: Traffic) -> Iterator[Finding]:
    """No rule lets anyone log in: JupyterHub 5 and OAuthenticator 16 allow nobody unless told to."""
    entries = hub_log.current
    warned = [e for e in entries if re.match(_NO_RULE, e.message)][:1]
    refused = [e for e in entries if re.match(_REFUSED, e.message) and (e.at is None or now - e.at <= DAY)]
    came_in = any(re.match(_LOGGED_IN, e.message) for e in entries)
    name = authenticator(values)
    rules = allow_rules(values)
    by_values = not rules and lets_nobody_in_by_default(hub, name)
    started = any(re.match(_RUNNING, e.message) for e in entries)
    if came_in or not (warned or by_values):
        return
    if not warned and started and hub.at_least("4.0.0"):
        # it would have said so
        return
    certain = bool(refused) or (bool(warned) and by_values)
    seen = tries(traffic, now)
    # a form that does not count, or a provider that answers no, is not for lack of a rule
    mine = sum(r.why == "not-allowed" for r in seen.failed)
    yield Finding(
        on=(hub.ref,),
        says=f"nobody can log in{seen.says(mine)}: no rule allows anyone"
        if certain
        else f"it looks as if nobody can log in{seen.says(mine)}: no rule is set",
        evidence=(
            *(("hub log", "No allow config found, it's possible that nobody can login", e.at) for e in warned),
            *(("hub log", f"a user was not allowed ({times(len(refused))})", e.at) for e in refused[-1:]),
            ("values", f"authenticator {name}: {_NONE}") if not rules else None,
        ),
        fix=_fix(hub, values, name),
        severity=Severity.ERROR if certain else Severity.WARNING,
        affects=seen.suffer(hub, mine),
    )


def _fix(hub: Hub, values: Values, name: str) -> Fix:
    """Whom to let in: by name, unless the login provider knows nobody but the institution's own people."""
    if of_an_institution(values, name):
        return hub.values_fix(
            "Let in all whom the login provider knows, as shown; or name users one by one (allowed_users), which "
            "keeps all others out.",
            {"hub": {"config": {"Authenticator": {"allow_all": True}}}},
            caution=f"With allow_all everyone with an account at the login provider may use the hub. {RESTARTS}",
        )
    setting = by_organisation(name)
    members = f", or the members of an organisation ({setting})" if setting else ""
    return hub.values_fix(
        f"Say who may log in: users by name{members}. allow_all would let in everyone who has an account there, which "
        "with a public login provider is anyone.",
        {"hub": {"config": {"Authenticator": {"allowed_users": ["NAME OF A USER"]}}}},
    )
