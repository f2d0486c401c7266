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
        since: the first release that has it, `0` for all before it was mended.
        fixed: the first release without it; empty where there is none yet.
        what: what is wrong, as the rest of a sentence that starts with the id.
        url: where it is told.
        authenticator: it concerns only authenticator classes whose name holds one of these words (lower case).
        spares: it does not concern authenticator classes whose name holds one of these words.
        switch: it concerns only hubs where this value is on.
        on: whether that value is on where nobody sets it.
        roles: it concerns only hubs with roles of their own.
        rare: it takes something that few hubs have, and that cannot be seen from outside.
    """

    id: str
    since: str
    fixed: str
    what: str
    url: str
    authenticator: tuple[str, ...] = ()
    spares: tuple[str, ...] = ()
    switch: str = ""
    on: bool = True
    roles: bool = False
    rare: bool = False

    def concerns(self, version: Version) -> bool:
        """Whether a version of the chart has it."""
        return Version(self.since) <= version and (not self.fixed or version < Version(self.fixed))


_OAUTH = "github gitlab google globus azuread auth0 bitbucket cilogon okpy openshift mediawiki oauth generic".split()
_OAUTHENTICATOR = "https://github.com/jupyterhub/oauthenticator/security/advisories/"

ADVISORIES = (
    Advisory(
        "CVE-2020-15110",
        "0",
        "0.9.1",
        "users with named servers can get into the server of somebody whose name begins like theirs (high)",
        "https://github.com/jupyterhub/kubespawner/security/advisories/GHSA-v7m9-9497-p9gr",
        switch="hub.allowNamedServers",
        on=False,
    ),
    Advisory(
        "GHSA-384w-5v3f-q499",
        "0.10.0",
        "0.10.6",
        "OAuthenticator lets in users whom nobody allowed",
        f"{_OAUTHENTICATOR}GHSA-384w-5v3f-q499",
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
    # JupyterHub 1.0 to 1.4; what counts is the one in the users' image, which may be newer
    Advisory(
        "CVE-2021-41247",
        "0.9.0",
        "1.2.0",
        "after a logout with several tabs of JupyterLab the browser may still be let in by the server",
        f"{_HUB}GHSA-cw7p-q79f-m2v7",
        rare=True,
    ),
    Advisory(
        "CVE-2022-31027",
        "0",
        "2.0.0",
        "CILogonOAuthenticator goes by an address's domain instead of by who vouches for the user",
        f"{_OAUTHENTICATOR}GHSA-r7v4-jwx9-wx43",
        authenticator=("cilogon",),
    ),
    Advisory(
        "CVE-2024-28233",
        "0",
        "3.3.0",
        "where users have pages on neighbouring domains, these can act as who is signed in (high)",
        f"{_HUB}GHSA-7r3h-4ph8-w38g",
        rare=True,
    ),
    Advisory(
        "CVE-2024-29033",
        "0",
        "3.3.0",
        "GoogleOAuthenticator takes any account whose address ends with hosted_domain for a member (high)",
        f"{_OAUTHENTICATOR}GHSA-55m3-44xf-hg4h",
        authenticator=("google",),
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
        "0",
        "4.3.3",
        "Auth0OAuthenticator does not verify addresses (high)",
        f"{_OAUTHENTICATOR}GHSA-rrvg-cxh4-qhrv",
        authenticator=("auth0",),
    ),
    Advisory(
        "CVE-2026-34052",
        "0",
        "4.3.3",
        "LTI11Authenticator can be made to use up the hub's memory",
        "https://github.com/jupyterhub/ltiauthenticator/security/advisories/GHSA-8mxq-7xr7-2fxj",
        authenticator=("lti11",),
    ),
    Advisory(
        "CVE-2026-40864", "3.3.0", "4.3.4", "a foreign site can act for a signed-in user", f"{_HUB}GHSA-m68r-v472-jgq9"
    ),
    Advisory("4.3.4", "4.3.4", "4.3.5", "JupyterHub 5.4.5 has a regression that 5.4.6 mends", _CHANGELOG),
    Advisory(
        "CVE-2026-54338",
        "0",
        "4.4.0",
        "anybody can make a hub with a login form log without end",
        f"{_HUB}GHSA-p43p-whwx-q52h",
        spares=tuple(_OAUTH),
    ),
    Advisory(
        "GHSA-c4gm-pwx9-9w8j",
        "4.0.0",
        "",
        "where users may share servers, a link of one can run code as another (high); JupyterHub 5.5.1 mends it",
        f"{_HUB}GHSA-c4gm-pwx9-9w8j",
        roles=True,
        rare=True,
    ),
    Advisory(
        "GHSA-69wv-m5fw-2fhp",
        "2.0.0",
        "",
        "roles with admin:users or admin:groups for a group alone reach further; JupyterHub 5.5.1 mends it",
        f"{_HUB}GHSA-69wv-m5fw-2fhp",
        roles=True,
        rare=True,
    ),
)
"""Sources: what each row links, its range of releases of JupyterHub, KubeSpawner or an authenticator, and
images/hub/requirements.txt of the chart's tags, which says what a chart holds.

GHSA-gprj-3p75-f996 takes JupyterHub 5 with OAuthenticator before 16.3.1, which no chart holds together.
"""
