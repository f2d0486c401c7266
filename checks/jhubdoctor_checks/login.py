"""Which authenticator a hub has, and whom its configuration lets in."""

from __future__ import annotations

import re
from typing import Any

from jhubdoctor.api import Hub, Values

# Short names of OAuthenticator's classes (setup.cfg / pyproject.toml of 16 and 17): these let nobody in by default.
OAUTH = frozenset(
    "auth0 azuread bitbucket cilogon generic-oauth github gitlab globus google mediawiki okpy openshift".split()
)
# Keys besides allow*: an administrator may log in, and a pattern or a whitelist (before 1.2) lets users in too.
_MORE = r"allow|admin_users|admin_groups|any_allow_config|whitelist|username_pattern|.*_admin_groups$"


def authenticator(values: Values) -> str:
    """The authenticator's name: a short one, or a class's; the chart's default is `dummy`."""
    name = values.get("hub.config.JupyterHub.authenticator_class")
    if isinstance(name, str) and name:
        return name
    former = values.get("auth.type")
    return str(former) if former else "dummy"


def is_dummy(name: str) -> bool:
    """Whether it is JupyterHub's own for tests."""
    return name == "dummy" or name.endswith(".DummyAuthenticator") or name == "dummyauthenticator"


def is_oauth(name: str) -> bool:
    """Whether it is one of OAuthenticator's."""
    return name in OAUTH or name.startswith("oauthenticator.")


def allow_rules(values: Values) -> list[str]:
    """The settings that let someone in, as `Class.trait`; in the values and in code."""
    found = []
    for cls, traits in values.mapping("hub.config").items():
        if not isinstance(traits, dict) or not cls.endswith("Authenticator"):
            continue
        found += [f"{cls}.{t}" for t, v in traits.items() if re.match(_MORE, t) and _set(v)]
    return found + [t for t in sorted(values.traits_in_code) if re.match(_MORE, t.partition(".")[2])]


def _set(value: Any) -> bool:
    return bool(value)


# What limits who may log in to an organisation, by the authenticator; the names of OAuthenticator 16 and 17.
_ORGANISATIONS = {
    "github": "allowed_organizations",
    "gitlab": "allowed_gitlab_groups",
    "bitbucket": "allowed_teams",
    "globus": "allowed_globus_groups",
    "google": "hosted_domain with allow_all, or allowed_google_groups",
    "cilogon": "allowed_idps with allow_all",
    # `common`, one of its values, is all of Microsoft's accounts
    "azuread": "a tenant_id of your own with allow_all",
    "generic": "allowed_groups",
    "auth0": "allowed_groups",
}
# Where an account is one of the institution's own: whoever can log in there is known.
# (MultiAuthenticator is none of them, though its name holds one.)
_OWN = re.compile(r"(?i)(?<![a-z])(?:ldap|pam|lti|openshift|okpy|kerberos|saml|remoteuser)")


def of_an_institution(values: Values, name: str) -> bool:
    """Whether the login provider knows nobody but the people of an institution, so that all of them may be let in."""
    domains = values.get("hub.config.GoogleOAuthenticator.hosted_domain")
    return bool(_OWN.search(name)) or ("google" in name.lower() and bool(domains))


def by_organisation(name: str) -> str:
    """The setting by which an authenticator lets in the members of an organisation; empty where it has none."""
    return next((setting for word, setting in _ORGANISATIONS.items() if word in name.lower()), "")


def lets_nobody_in_by_default(hub: Hub, name: str) -> bool:
    """Whether this chart's version of this authenticator needs a rule to let anyone in, for certain.

    OAuthenticator 16 came with chart 3.0. JupyterHub 5 (chart 4.0) asks it of all, but classes may have a default of
    their own, as the dummy one does; so of others only the hub's log tells.
    """
    return is_oauth(name) and hub.at_least("3.0.0") is True
