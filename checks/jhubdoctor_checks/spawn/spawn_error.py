"""Servers that fail to start for an error that is neither a refusal nor a matter of time."""

import re
from collections.abc import Iterator
from datetime import datetime

from jhubdoctor import Evidence, Finding, Fix, Hub, HubLog, Pod, Severity, Spawn, Spawns, check, clean, count, grouped
from jhubdoctor_checks.spawn._failures import aborted, objects, seen, unresolved, weight

# (cause, pattern in the exception, what it means, what to do). Texts of aiohttp and urllib3, of KubeSpawner's
# spawner.py (0.11 to 7.1), of JupyterHub's traitlets.py, and of Python's str.format.
_KINDS = tuple(
    (word, re.compile(pattern), says, text)
    for word, pattern, says, text in (
        (
            "api-unreachable",
            (r"ClientConnector|Cannot connect to host|ServerDisconnected|ClientOSError|MaxRetryError|NewConnectionError"
            r"|Connection refused|ConnectionRefused|Connection reset|gaierror|ContentTypeError"),
            "the hub does not reach the API server",
            ("See that the hub's pod reaches the API server: NetworkPolicies of the hub, DNS, and the API server "
            "itself."),
        ),
        (
            "no-address",
            r"KeyError\W+podIP",
            "the pod ran without an address",
            "The network plugin gave the pod no address in time: see it on that node.",
        ),
        (
            "profile",
            r"No such profile|unlisted_choice|profile_options|No such choice",
            "the profile that was asked for does not exist",
            ("Users hold links to a profile that was renamed or removed (slug in singleuser.profileList): bring its "
            "slug "
            "back, or tell them."),
        ),
        (
            "resource-value",
            r"is not a valid memory specification|(?:cpu|mem)_(?:limit|guarantee)\b.*trait",
            "a memory or cpu value is not one that KubeSpawner takes",
            ("Memory takes the suffixes K, M, G and T (no Gi), cpu a number. Correct singleuser.memory and "
            "singleuser.cpu, "
            "in profiles too."),
        ),
        (
            "template",
            r"(?:KeyError|IndexError): |Replacement index|expected '}' before|Single '[{}]' encountered|unmatched '\{'",
            "a template in the values has a name in braces that does not exist",
            "Double the braces that are no template ({{ and }}) in singleuser.extraEnv, or correct the name.",
        ),
    )
)  # fmt: skip
_OTHER = ("exception", re.compile(""), "the hub could not make its pod", "See the traceback in the hub's log.")
# What a hook or profile raises on purpose to say no: HTTP 4xx.
_ON_PURPOSE = re.compile(r"(?:tornado\.web\.)?HTTPError: HTTP 4\d\d|^HTTP 4\d\d: |SpawnException")


@check(severity=Severity.ERROR, explains=("spawn-timeline", "consecutive-failure-abort"))
def spawn_error(
    hub: Hub, now: datetime, spawns: Spawns, hub_log: HubLog, hub_pods: list[Pod], user_pods: list[Pod]
) -> Iterator[Finding]:
    """Users' servers fail to start because of an error in the hub."""
    failed = [s for s in unresolved(spawns, now, user_pods, "error") if not _ON_PURPOSE.search(s.error)]
    for cause, group in grouped(failed, _cause):
        word, _, says, text = _kind(group[0].error)
        on, affects = objects(hub, group, user_pods)
        yield Finding(
            on=on,
            says=f"{count(len(group))} failed to start: {says}",
            evidence=(Evidence("hub log", clean(group[0].error, 300), group[0].at), *seen(group, "failed")),
            fix=Fix(
                text,
                commands=(hub.kubectl(f"logs deployment/{hub.ref.name} | grep -A 40 'Unhandled error starting'"),)
                if word == "exception"
                else (),
            ),
            severity=weight(group, spawns, user_pods, now),
            cause=cause,
            affects=(*affects, *aborted(hub, hub_log, hub_pods)),
        )


def _kind(error: str) -> tuple[str, re.Pattern[str], str, str]:
    return next((k for k in _KINDS if k[1].search(error)), _OTHER)


def _cause(spawn: Spawn) -> str:
    word = _kind(spawn.error)[0]
    # the class of the exception, without its module and its text
    name = re.match(r"[\w.]+", spawn.error)
    return f"{word} {name[0].rpartition('.')[2]}" if word == "exception" and name else word
