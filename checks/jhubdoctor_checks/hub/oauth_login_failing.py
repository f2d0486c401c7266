"""Logins that the login provider refuses, or that lose their way back."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from jhubdoctor.api import Entry, Evidence, Finding, Fix, Hub, HubLog, Severity, Values, check, clean, grouped, times
from jhubdoctor_checks.facts.traffic import Traffic
from jhubdoctor_checks.hub._logged import DAY, HOUR, weigh
from jhubdoctor_checks.hub._tries import Tries, tries
from jhubdoctor_checks.texts import Known, known
from jhubdoctor_checks.texts.login import ANSWER, ANSWERS, OTHER

# The answer; OAuthenticator tells of a mismatch once more before it.
_STATE = r"400 GET .*OAuth state (?:missing from (?:cookies|URL)|mismatch)"
# A bookmarked callback or a second tab loses the state now and then, and its user comes in a moment later.
_FEW, _OFTEN = 3, 5


# what the provider answers is why of failed logins alone, not of all that the hub serves, so no rung can say it
@check(severity=Severity.ERROR, explains=("logins-failing", "logins-refused"))
def oauth_login_failing(
    hub: Hub, now: datetime, hub_log: HubLog, values: Values | None, traffic: Traffic
) -> Iterator[Finding]:
    """Logins fail at the login provider, or on the way back from it."""
    refused: list[tuple[Known[None], Entry, re.Match[str]]] = []
    lost: list[Entry] = []
    for e in hub_log.current:
        if e.at is not None and now - e.at > DAY:
            continue
        if e.message.startswith("User logged in: "):
            refused, lost = [], []
        elif e.level == "E" and (m := re.match(ANSWER, e.message)):
            refused.append((known(ANSWERS, m["body"]) or OTHER, e, m))
        elif e.level in {"W", "E"} and re.match(_STATE, e.message):
            lost.append(e)
    seen = tries(traffic, now)
    for kind, members in grouped(refused, lambda r: r[0]):
        _, last, m = members[-1]
        mine = _lately((e for _, e, _ in members), now)
        host = clean(m["host"], 100)
        yield Finding(
            on=(hub.ref,),
            says=f"logins fail at {host}{seen.says(mine)}: {kind.says}",
            evidence=(
                Evidence("hub log", f"HTTP {m['code']} from {host} ({times(len(members))})", last.at),
                seen.shown(),
                *_callback(values),
            ),
            fix=hub.values_fix(kind.fix.text, {}),
            severity=weigh(last.at, now),
            cause=kind.word,
            affects=seen.suffer(hub, mine),
        )
    if len(lost) >= _FEW:
        mine = _lately(lost, now)
        yield Finding(
            on=(hub.ref,),
            says=f"logins lose their state on the way back from the login provider{seen.says(mine)}",
            evidence=(
                Evidence("hub log", f"OAuth state missing or not matching ({times(len(lost))})", lost[-1].at),
                seen.shown(),
                *_callback(values),
            ),
            fix=Fix(
                "Users have to begin and end at the same address: one host name, https all the way, and the callback's "
                "scheme and host as users see them. A proxy before the hub has to pass cookies and X-Forwarded-Proto.",
                commands=(hub.kubectl("get ingress,service"),),
            ),
            severity=weigh(lost[-1].at, now) if len(lost) >= _OFTEN or _of_several(seen) else Severity.WARNING,
            cause="state",
            affects=seen.suffer(hub, mine),
        )


def _lately(entries: Iterable[Entry], now: datetime) -> int:
    return sum(e.at is None or now - e.at <= HOUR for e in entries)


def _of_several(seen: Tries) -> bool:
    """Whether several users tried, by their addresses, and nobody came in."""
    return seen.nobody and len({r.address for r in seen.failed}) > 1


def _callback(values: Values | None) -> Iterator[Evidence]:
    """The callback's address, as the values have it."""
    for cls, traits in (values.mapping("hub.config") if values is not None else {}).items():
        found = traits.get("oauth_callback_url") if isinstance(traits, dict) else None
        if isinstance(found, str) and found.startswith("http"):
            yield Evidence("values", f"hub.config.{cls}.oauth_callback_url: {clean(found, 200)}")
