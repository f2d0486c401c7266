"""Who suffers stays in sight where a check knows, or suspects, why logins fail."""

from jhubdoctor.testing import diagnose

_STARTED = """
  [I {-2h} JupyterHub app:3354] Running JupyterHub version 5.5.0
  [W {-2h} JupyterHub auth:211] No allow config found, it's possible that nobody can login to your Hub!
  [I {-2h} JupyterHub app:3782] JupyterHub is now running, internal Hub API at http://hub:8081/hub/"""
_VALUES = """
kind: Values
values:
  hub: {config: {GitHubOAuthenticator: null, JupyterHub: {authenticator_class: ours.CampusAuthenticator}}}
---
kind: Log
pod: hub-7d9c
container: hub
text: |"""
_FORM = """
  [I {-%(m)sm} JupyterHub log:192] 200 GET /hub/login (@10.244.0.1) 3.12ms
  [W {-%(m)sm} JupyterHub web:2106] 403 POST /hub/login (10.244.0.1): '_xsrf' argument missing from POST
  [W {-%(m)sm} JupyterHub log:192] 403 POST /hub/login?next= (@10.244.0.1) 3.12ms"""
_PROVIDER = """
  [E {-40m} JupyterHub oauth2:857] Error fetching access token 401 POST https://l.example.org/token: {"error":"x"}
  [E {-40m} JupyterHub log:192] 500 GET /hub/oauth_callback?code=[secret] (@10.244.0.1) 310.12ms"""


def _roots(text: str) -> dict[str, str]:
    return {f.check.id: f.finding.says for f in diagnose(text).findings if f.explained_by is None}


def test_a_rule_that_may_be_missing_hides_no_form_that_does_not_count() -> None:
    roots = _roots(_VALUES + _STARTED + "".join(_FORM % {"m": m} for m in (30, 20, 10)))

    assert roots["logins-refused"].startswith("3 of 3 logins were refused (403)")
    assert "nobody was let in" not in roots["nobody-allowed"]


def test_one_answer_of_the_provider_hides_no_form_that_does_not_count() -> None:
    roots = _roots(_VALUES + _STARTED + _PROVIDER + "".join(_FORM % {"m": m} for m in (30, 20, 10)))

    assert {"logins-refused", "oauth-login-failing"} <= roots.keys()
    assert "nobody was let in" not in roots["oauth-login-failing"]


def test_the_cause_of_all_failures_says_how_many_they_are() -> None:
    roots = _roots(_VALUES + _STARTED.replace("No allow config found", "nothing") + _PROVIDER)

    assert "logins-failing" not in roots
    assert "(1 of 1 since 11:00 UTC, nobody was let in)" in roots["oauth-login-failing"]
