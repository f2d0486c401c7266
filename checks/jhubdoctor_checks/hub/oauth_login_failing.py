"""Logins that the login provider refuses, or that lose their way back."""

import re
from collections.abc import Iterator
from datetime import datetime

from jhubdoctor import Entry, Evidence, Finding, Fix, Hub, HubLog, Severity, Values, check, clean, times
from jhubdoctor_checks.hub._logged import DAY, HOUR

# OAuthenticator 14 to 17 (oauth2.py): `Error LABEL CODE METHOD URL: BODY`. The body is the provider's, and may hold
# tokens: of it only these words count, and only the words of our own are shown.
_PROVIDER = re.compile(r"Error .{1,80}? (?P<code>\d{3}) (?:GET|POST) https?://(?P<host>[\w.-]+)\S*: (?P<body>.*)")
_SAYS = tuple(
    (word, re.compile(pattern), says, text)
    for word, pattern, says, text in (
        (
            "redirect-uri",
            r"(?i)redirect[_ ]uri",
            "it does not know the address that users come back to",
            (
                "Register the hub's callback at the provider, letter by letter: https, host, base URL, "
                "/hub/oauth_callback."
            ),
        ),
        (
            "client",
            r"(?i)invalid_client|incorrect_client_credentials|unauthorized_client|AADSTS7000215|client secret",
            "it does not take the hub's client id or secret",
            (
                "Make a new client secret at the provider (some expire) and set it: client_id and client_secret of the "
                "authenticator's class under hub.config."
            ),
        ),
        (
            "scope",
            r"(?i)invalid_scope|insufficient_scope|scope",
            "it does not grant what the hub asks for",
            "Correct the authenticator's scope, or let the application at the provider have it.",
        ),
    )
)
_OTHER = ("provider", "it answers with an error", "See what the provider says of the application's registration.")
_STATE = re.compile(r".*OAuth state (?:missing from (?:cookies|URL)|mismatch)")
_LOGGED_IN = re.compile(r"User logged in: ")
# A bookmarked callback or a second tab loses the state now and then.
_OFTEN = 5


@check(severity=Severity.ERROR)
def oauth_login_failing(hub: Hub, now: datetime, hub_log: HubLog, values: Values | None) -> Iterator[Finding]:
    """Logins fail at the login provider, or on the way back from it."""
    groups: dict[tuple[str, str, str], list[tuple[Entry, re.Match[str]]]] = {}
    lost: list[Entry] = []
    for e in hub_log.current:
        if e.at is not None and now - e.at > DAY:
            continue
        if _LOGGED_IN.match(e.message):
            groups, lost = {}, []
        elif e.level == "E" and (m := _PROVIDER.match(e.message)):
            told = next(((w, s, t) for w, p, s, t in _SAYS if p.search(m["body"])), _OTHER)
            groups.setdefault(told, []).append((e, m))
        elif e.level in {"W", "E"} and _STATE.match(e.message):
            lost.append(e)
    for (word, says, text), members in groups.items():
        last, m = members[-1]
        host = clean(m["host"], 100)
        yield Finding(
            on=(hub.ref,),
            says=f"logins fail at {host}: {says}",
            evidence=(
                Evidence("hub log", f"HTTP {m['code']} from {host} ({times(len(members))})", last.at),
                *_callback(values),
            ),
            fix=Fix(text, commands=(hub.helm_upgrade,), caution="This restarts the hub; users' servers keep running."),
            severity=Severity.ERROR if last.at is None or now - last.at <= HOUR else Severity.WARNING,
            cause=word,
        )
    if len(lost) >= _OFTEN:
        yield Finding(
            on=(hub.ref,),
            says="logins lose their state on the way back from the login provider",
            evidence=(Evidence("hub log", f"OAuth state missing or not matching ({times(len(lost))})", lost[-1].at),
                      *_callback(values)),
            fix=Fix(
                "Users have to begin and end at the same address: one host name, https all the way, and the callback's "
                "scheme and host as users see them. A proxy before the hub has to pass cookies and X-Forwarded-Proto.",
                commands=(hub.kubectl("get ingress,service"),),
            ),
            severity=Severity.WARNING,
            cause="state",
        )  # fmt: skip


def _callback(values: Values | None) -> Iterator[Evidence]:
    """The callback's address, as the values have it."""
    for cls, traits in (values.mapping("hub.config") if values is not None else {}).items():
        found = traits.get("oauth_callback_url") if isinstance(traits, dict) else None
        if isinstance(found, str) and found.startswith("http"):
            yield Evidence("values", f"hub.config.{cls}.oauth_callback_url: {clean(found, 200)}")
