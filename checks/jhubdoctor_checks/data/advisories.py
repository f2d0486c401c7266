"""Releases of the chart with known faults: which, what, who is concerned, and the release that is free of it."""

from __future__ import annotations

from dataclasses import dataclass

from packaging.version import Version

_CHANGELOG = "https://z2jh.jupyter.org/en/stable/changelog.html"
_HUB = "https://github.com/jupyterhub/jupyterhub/security/advisories/"


@dataclass(frozen=True, slots=True)
class Advisory:
    """A fault of a range of releases.

    Attributes:
        id: an advisory id, or an issue.
        since: the first release known to have it; of security advisories the major version whose release notes name it.
        fixed: the first release without it.
        what: what is wrong, as the rest of a sentence that starts with the id.
        url: where it is told.
        authenticator: it concerns only authenticator classes whose name holds one of these words (lower case).
        switch: it concerns only hubs where this value is on (it is, unless the values say otherwise).
        rare: it takes something that few hubs have, and that cannot be seen from outside.
    """

    id: str
    since: str
    fixed: str
    what: str
    url: str
    authenticator: tuple[str, ...] = ()
    switch: str = ""
    rare: bool = False

    def concerns(self, version: Version) -> bool:
        """Whether a version of the chart has it."""
        return Version(self.since) <= version < Version(self.fixed)


_OAUTH = "github gitlab google globus azuread auth0 bitbucket cilogon okpy openshift mediawiki oauth generic".split()

ADVISORIES = (
    Advisory(
        "GHSA-384w-5v3f-q499",
        "0.10.0",
        "0.10.6",
        "OAuthenticator lets in users whom nobody allowed",
        "https://github.com/jupyterhub/oauthenticator/security/advisories/GHSA-384w-5v3f-q499",
        authenticator=tuple(_OAUTH),
    ),
    Advisory(
        "GHSA-5xvc-vgmp-jgc3",
        "0.8.0",
        "1.1.4",
        "FirstUseAuthenticator lets one sign in as somebody else (critical)",
        "https://github.com/jupyterhub/firstuseauthenticator/security/advisories/GHSA-5xvc-vgmp-jgc3",
        authenticator=("firstuse",),
    ),
    Advisory(
        "jupyterhub/kubespawner#697",
        "3.0.0",
        "3.1.0",
        "KubeSpawner 6.0.0 forgets users' pods, which then run for ever",
        "https://discourse.jupyter.org/t/21677",
    ),
    Advisory(
        "jupyterhub/zero-to-jupyterhub-k8s#3365",
        "3.3.0",
        "3.3.1",
        "the hub image holds a pycurl that does not work",
        "https://github.com/jupyterhub/zero-to-jupyterhub-k8s/pull/3365",
    ),
    Advisory(
        "jupyterhub/zero-to-jupyterhub-k8s#3368",
        "3.3.0",
        "3.3.2",
        "the init container that blocks the metadata server fails on nodes without nf_tables",
        "https://github.com/jupyterhub/zero-to-jupyterhub-k8s/issues/3368",
        switch="singleuser.cloudMetadata.blockWithIptables",
    ),
    Advisory(
        "jupyterhub/jupyterhub#4744",
        "3.3.0",
        "3.3.6",
        "JupyterHub 4.1.0 to 4.1.3 answers many requests of users' servers with 403 (_xsrf)",
        "https://github.com/jupyterhub/jupyterhub/issues/4744",
    ),
    Advisory(
        "CVE-2024-41942",
        "2.0.0",
        "3.3.8",
        "users who hold the scope admin:users can make themselves administrators",
        f"{_HUB}GHSA-9x4q-3gxw-849f",
        rare=True,
    ),
    Advisory("CVE-2026-33709", "4.0.0", "4.3.3", "JupyterHub redirects to foreign sites", f"{_HUB}GHSA-3vff-hjqv-m7h8"),
    Advisory(
        "CVE-2026-33175",
        "4.0.0",
        "4.3.3",
        "Auth0OAuthenticator does not verify addresses",
        "https://github.com/jupyterhub/oauthenticator/security/advisories/GHSA-rrvg-cxh4-qhrv",
        authenticator=("auth0",),
    ),
    Advisory(
        "CVE-2026-34052",
        "4.0.0",
        "4.3.3",
        "LTI11Authenticator can be made to use up the hub's memory",
        "https://github.com/jupyterhub/ltiauthenticator/security/advisories/GHSA-8mxq-7xr7-2fxj",
        authenticator=("lti11",),
    ),
    Advisory(
        "CVE-2026-40864", "4.0.0", "4.3.4", "a foreign site can act for a signed-in user", f"{_HUB}GHSA-m68r-v472-jgq9"
    ),
    Advisory("4.3.4", "4.3.4", "4.3.5", "JupyterHub 5.4.5 has a regression that 5.4.6 mends", _CHANGELOG),
    Advisory(
        "GHSA-p43p-whwx-q52h", "4.0.0", "4.4.0", "JupyterHub can be made to stop serving", f"{_HUB}GHSA-p43p-whwx-q52h"
    ),
)
"""Sources: the chart's changelog at tag 4.4.0, and what each row links.

A security release says from when on it is free of a fault, and not since when the fault was there: only releases of the
same major version are said to have it.
"""
