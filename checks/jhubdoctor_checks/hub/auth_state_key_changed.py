"""Stored login data that the hub can no longer decrypt."""

import re
from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Entry, Evidence, Finding, Fix, Hub, HubLog, Severity, check, times
from jhubdoctor_checks.hub._logged import DAY

# JupyterHub's user.py, 1.0 to 6.0; the reason of a wrong key (cryptography's InvalidToken) is empty
_FAILED = r"Failed to retrieve encrypted auth_state for (?P<user>.+) because ?(?P<why>.*)"
_LOGGED_IN = r"User logged in: (?P<user>.+)"
_NO_KEY = r"(?i)no encryption keys|CryptKeeper|cryptography"


@check(severity=Severity.WARNING)
def auth_state_key_changed(hub: Hub, now: datetime, hub_log: HubLog) -> Iterator[Finding]:
    """The key for stored login data (auth state) changed, so what is stored cannot be read any more."""
    found: list[tuple[Entry, re.Match[str]]] = []
    for e in hub_log.current:
        if (m := re.match(_FAILED, e.message)) and (e.at is None or now - e.at <= DAY):
            found.append((e, m))
        elif m := re.match(_LOGGED_IN, e.message):
            # with the login it is stored anew, with the key of now; without a key nothing is
            found = [f for f in found if f[1]["user"] != m["user"] or re.search(_NO_KEY, f[1]["why"])]
    if not found:
        return
    last, m = found[-1]
    users = {m["user"] for _, m in found}
    no_key = bool(re.search(_NO_KEY, m["why"]))
    yield Finding(
        on=(hub.ref,),
        says=(
            "the hub has no key for stored login data (auth state)"
            if no_key
            else f"the hub cannot decrypt the stored login data of {len(users)} user{'' if len(users) == 1 else 's'}: "
            "the key is another"
        ),
        evidence=(Evidence("hub log", f"Failed to retrieve encrypted auth_state ({times(len(found))})", last.at),),
        fix=Fix(
            "Put the former key behind the new one (hub.config.CryptKeeper.keys, the first encrypts, all decrypt), "
            "or let "
            "these users log out and in again. The chart keeps its own key in the hub's Secret: it changes where that "
            "Secret is made anew, as with helm template or Argo CD.",
            commands=(hub.kubectl(f"get secret {_secret(hub)} -o jsonpath='{{.metadata.creationTimestamp}}'"),),
        ),
        cause="no-key" if no_key else "other-key",
    )


def _secret(hub: Hub) -> str:
    volumes = hub.deployment.spec.template.spec.volumes if hub.deployment is not None else []
    return next((v.secret.secret_name for v in volumes if v.name == "secret" and v.secret), "hub")
