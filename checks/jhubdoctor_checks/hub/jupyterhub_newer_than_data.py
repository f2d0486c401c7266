"""A JupyterHub that is newer than what jhubdoctor knows."""

from collections.abc import Iterator

from packaging.version import InvalidVersion, Version

from jhubdoctor.api import CannotSay, Finding, Fix, Hub, HubLog, NotApplicable, Severity, check
from jhubdoctor_checks.data import KNOWS


@check(severity=Severity.INFO)
def jupyterhub_newer_than_data(hub: Hub, jupyterhub_version: str, hub_log: HubLog | None) -> Iterator[Finding]:
    """The hub runs a JupyterHub that is newer than those whose log this jhubdoctor knows."""
    try:
        runs = Version(jupyterhub_version)
    except InvalidVersion:
        runs = None
    if runs is None and hub_log is not None:
        raise NotApplicable("the version of JupyterHub is not known")
    if runs is None or (runs.release[:2] <= Version(KNOWS["jupyterhub"]).release and hub_log is None):
        # what runs says so itself; what the chart brought, or what made a user's pod, may be another
        raise CannotSay("hub_log")
    if runs.release[:2] <= Version(KNOWS["jupyterhub"]).release:
        return
    yield Finding(
        on=(hub.ref,),
        says=f"JupyterHub {runs} is newer than what this jhubdoctor knows ({KNOWS['jupyterhub']})",
        evidence=(
            ("hub", f"JupyterHub {runs}"),
            ("jhubdoctor", f"it knows what JupyterHub logs up to {KNOWS['jupyterhub']}"),
        ),
        fix=Fix(
            "Upgrade jhubdoctor. Until then, what the cluster itself tells is true; of what the hub logs in new words "
            "it may miss something.",
            commands=("pip install --upgrade jhubdoctor",),
        ),
    )
