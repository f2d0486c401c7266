"""Exceptions with which spawns fail that are neither a refusal nor a matter of time."""

import re

from jhubdoctor.api import Spawn
from jhubdoctor_checks._known import Known, known, table

# Texts of aiohttp and urllib3, of KubeSpawner's spawner.py (0.11 to 7.1), of JupyterHub's traitlets.py, and of Python's
# str.format.
ERRORS = table(
    (
        "api-unreachable",
        (
            r"ClientConnector|Cannot connect to host|ServerDisconnected|ClientOSError|MaxRetryError|NewConnectionError"
            r"|Connection refused|ConnectionRefused|Connection reset|gaierror|ContentTypeError"
        ),
        "the hub does not reach the API server",
        ("See that the hub's pod reaches the API server: NetworkPolicies of the hub, DNS, and the API server itself."),
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
        (
            "Users hold links to a profile that was renamed or removed (slug in singleuser.profileList): bring its "
            "slug "
            "back, or tell them."
        ),
    ),
    (
        "resource-value",
        r"is not a valid memory specification|(?:cpu|mem)_(?:limit|guarantee)\b.*trait",
        "a memory or cpu value is not one that KubeSpawner takes",
        (
            "Memory takes the suffixes K, M, G and T (no Gi), cpu a number. Correct singleuser.memory and "
            "singleuser.cpu, "
            "in profiles too."
        ),
    ),
    (
        "template",
        r"(?:KeyError|IndexError): |Replacement index|expected '}' before|Single '[{}]' encountered|unmatched '\{'",
        "a template in the values has a name in braces that does not exist",
        "Double the braces that are no template ({{ and }}) in singleuser.extraEnv, or correct the name.",
    ),
)
OTHER = Known("exception", re.compile(""), "the hub could not make its pod", "See the traceback in the hub's log.")
# What a hook or profile raises on purpose to say no: HTTP 4xx.
ON_PURPOSE = re.compile(r"(?:tornado\.web\.)?HTTPError: HTTP 4\d\d|^HTTP 4\d\d: |SpawnException")


def error_of(error: str) -> Known:
    """The kind of an exception."""
    return known(ERRORS, error) or OTHER


def cause_of(spawn: Spawn) -> str:
    """A stable word for the exception with which a spawn failed."""
    word = error_of(spawn.error).word
    # the class of the exception, without its module and its text
    name = re.match(r"[\w.]+", spawn.error)
    return f"{word} {name[0].rpartition('.')[2]}" if word == "exception" and name else word
