"""Whom a hub that lets nobody in is told to let in, by its authenticator."""

import pytest

from jhubdoctor.testing import findings_of

TOLD = """
kind: Values
values: {hub: {config: null}}
---
kind: Values
values: {hub: {config: {JupyterHub: {authenticator_class: NAME}, CONFIG}}}
---
kind: Log
pod: hub-7d9c
container: hub
text: |
  [W {-1h} JupyterHub auth:211] No allow config found, it's possible that nobody can login to your Hub!
"""
ALL = {"hub": {"config": {"Authenticator": {"allow_all": True}}}}
SOME = {"hub": {"config": {"Authenticator": {"allowed_users": ["NAME OF A USER"]}}}}


@pytest.mark.parametrize(
    ("name", "config", "patch"),
    [
        ("github", "GitHubOAuthenticator: {client_id: x}", SOME),
        ("google", "GoogleOAuthenticator: {client_id: x}", SOME),
        ("google", "GoogleOAuthenticator: {hosted_domain: [example.org]}", ALL),
        ("globus", "GlobusOAuthenticator: {client_id: x}", SOME),
        ("cilogon", "CILogonOAuthenticator: {client_id: x}", SOME),
        # which tenant it is held to is not for us to see, and `common` is everyone
        ("azuread", "AzureAdOAuthenticator: {tenant_id: common}", SOME),
        ("generic-oauth", "GenericOAuthenticator: {client_id: x}", SOME),
        ("auth0", "Auth0OAuthenticator: {client_id: x}", SOME),
        ("nativeauthenticator.NativeAuthenticator", "NativeAuthenticator: {open_signup: true}", SOME),
        ("multiauthenticator.MultiAuthenticator", "MultiAuthenticator: {x: y}", SOME),
        ("our.own.CampusAuthenticator", "CampusAuthenticator: {x: y}", SOME),
        ("ldapauthenticator.LDAPAuthenticator", "LDAPAuthenticator: {server_address: x}", ALL),
        ("ltiauthenticator.LTI11Authenticator", "LTI11Authenticator: {consumers: x}", ALL),
        ("pam", "PAMAuthenticator: {service: x}", ALL),
    ],
)
def test_everyone_is_let_in_only_where_the_provider_knows_nobody_else(name: str, config: str, patch: object) -> None:
    [finding] = findings_of(TOLD.replace("NAME", name).replace("CONFIG", config), "nobody-allowed")

    assert finding.fix.values == patch
