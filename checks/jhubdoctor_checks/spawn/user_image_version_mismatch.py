"""Images of users' servers with another major version of JupyterHub than the hub."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import Entry, Evidence, Finding, Fix, Hub, HubLog, Severity, check, count, grouped

# JupyterHub's _version.py, 1.0 to 6.0: level W only where the major versions differ (before 1.0 the minor ones)
_MISMATCH = r"jupyterhub version (?P<hub>\S+) != jupyterhub-singleuser version (?P<server>\S+)\. This could"
_MISSING = r"Single-user server has no version header"
_DAY = timedelta(days=1)


# the loops have many causes; the hub tells of this one at the server's start
@check(severity=Severity.WARNING, explains=("users-sent-in-circles",))
def user_image_version_mismatch(hub: Hub, now: datetime, hub_log: HubLog) -> Iterator[Finding]:
    """Users' images hold another major version of JupyterHub than the hub runs, which can end in redirect loops."""
    found = [(e, m) for e, m in hub_log.find(_MISMATCH, "W") if (e.at is None or now - e.at <= _DAY) and not e.previous]
    for (own, theirs), members in grouped(found, lambda f: (f[1]["hub"], f[1]["server"])):
        yield _finding(hub, own, theirs.rstrip("."), members)


def _finding(hub: Hub, own: str, theirs: str, members: list[tuple[Entry, re.Match[str]]]) -> Finding:
    major = own.partition(".")[0]
    return Finding(
        on=(hub.ref,),
        says=f"an image of users' servers has JupyterHub {theirs}, the hub {own}",
        evidence=(
            Evidence(
                "hub log",
                f"jupyterhub version {own} != jupyterhub-singleuser version {theirs} ({count(len(members), 'time')})",
                members[-1][0].at,
            ),
        ),
        fix=Fix(
            f"Install jupyterhub=={major}.* into the image, or take a tag of it that was built for this hub. A "
            f"user's own "
            "installation in the home (~/.local) counts before the image's.",
            commands=(
                hub.kubectl(
                    "get pods --selector component=singleuser-server"
                    " -o 'custom-columns=NAME:.metadata.name,IMAGE:.spec.containers[0].image'"
                ),
            ),
        ),
        cause=f"{theirs.partition('.')[0]} to {major}",
        affects=(hub.service_ref,),
    )
