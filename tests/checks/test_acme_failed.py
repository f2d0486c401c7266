"""What Traefik logs when a certificate is refused, as it was seen in public reports (traefik 2.1 to 3.6)."""

import pytest

from jhubdoctor_checks.network._acme_failed import last_failure

HEAD = 'level=error msg="Unable to obtain ACME certificate for domains \\"h.example.org\\"'


REJECTED = (
    f"{HEAD} : unable to generate a certificate for [h.example.org]: acme: error: 400 :: POST :: "
    "https://ca/acme/new-order :: urn:ietf:params:acme:error:rejectedIdentifier :: Error creating new order"
    ' :: Domain name needs at least one dot, url: " providerName=default.acme'
)
WRAPPED = f"""{HEAD}: unable to generate a certificate for the domains [h.example.org]: error: one or more failed:
[h.example.org] acme: error: 400 :: urn:ietf:params:acme:error:connection :: Connection refused
" providerName=default.acme"""
LIMITED = (
    '2026-03-12T11:09:13Z ERR Unable to obtain ACME certificate for domains error="unable to generate a certificate for'
    " the domains [h.example.org]: acme: error: 429 :: POST :: https://ca/acme/new-order :: urn:ietf:params:acme:error:"
    'rateLimited :: too many failed authorizations recently: see https://letsencrypt.org/docs/rate-limits/, url: "'
)
OTHER = 'ERR Unable to obtain ACME certificate for domains error="cannot get ACME client acme: error: 500 ::"'


@pytest.mark.parametrize(
    ("text", "problem", "detail"),
    [
        (REJECTED, "rejectedIdentifier", "Domain name needs at least one dot"),
        (WRAPPED, "connection", "Connection refused"),
        (LIMITED, "rateLimited", "too many failed authorizations"),
        (OTHER, "", "cannot get ACME client"),
    ],
)
def test_the_problem_is_found_in_every_form(text: str, problem: str, detail: str) -> None:
    found = last_failure(text.splitlines())

    assert found is not None
    assert found.word == problem
    assert detail in found.detail
    assert (found.problem is None) == (problem == "")


def test_the_last_failure_counts() -> None:
    first = f"{HEAD}: acme: error: 400 :: urn:ietf:params:acme:error:dns :: NXDOMAIN\\n"
    second = f"{HEAD}: acme: error: 403 :: urn:ietf:params:acme:error:unauthorized :: 404\\n"

    found = last_failure([first, "level=info", second])

    assert found is not None
    assert found.word == "unauthorized"


def test_a_log_without_failures() -> None:
    assert last_failure(["level=info msg=started", ""]) is None
