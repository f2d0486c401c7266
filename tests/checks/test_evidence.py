"""What tells stands at the end of long texts: it is judged, and it is shown."""

import pytest

from jhubdoctor.api import excerpt
from jhubdoctor.privacy.text import log_text
from jhubdoctor.testing import findings_of
from jhubdoctor_checks.network._acme_failed import last_failure
from jhubdoctor_checks.texts.registry import PULLS

LAYERS = "failed to create containerd task: failed to create shim task: OCI runtime create failed: " * 30


@pytest.mark.parametrize("at", [0, 1, 100, 400, 790, 797])
@pytest.mark.parametrize("limit", [20, 80, 300])
def test_an_excerpt_holds_what_matched_and_says_where_it_was_cut(at: int, limit: int) -> None:
    text = "a" * at + "XYZ" + "b" * (797 - at)

    shown = excerpt(text, (at, at + 3), limit)

    assert "XYZ" in shown
    assert len(shown) <= limit
    assert shown.startswith("\u2026") == (not shown.startswith(text[:5]) or at >= limit)
    assert shown.endswith("\u2026") == (not text.endswith(shown[-5:]) or shown[-1] == "\u2026")


def test_an_excerpt_of_a_text_of_which_nothing_is_known_has_both_ends() -> None:
    shown = excerpt("start " + "layer: " * 200 + "no space left on device")

    assert shown.startswith("start layer:")
    assert shown.endswith("no space left on device")
    assert len(shown) == 300
    assert excerpt(" short \n text ") == "short text"


def test_an_excerpt_of_a_match_longer_than_the_limit() -> None:
    assert len(excerpt("x" * 900, (100, 800), 50)) <= 50


def test_containerds_refusal_is_prose() -> None:
    said = "pull access denied, repository does not exist or may require authorization: authorization failed: no basic"
    bare = "repository does not exist or may require authorization: insufficient_scope: authorization failed"

    assert log_text(said) == said
    assert log_text(bare) == bare
    assert "hunter2" not in log_text("Authorization: hunter2")
    assert "S3cret" not in log_text("may require authorization: Bearer S3cretS3cret")


def test_a_limit_of_letsencrypt_is_known_however_long_it_is_explained() -> None:
    line = (
        'ERR Unable to obtain ACME certificate for domains error="unable to generate a certificate for the domains '
        "[h.example.org]: acme: error: 429 :: POST :: https://ca/acme/new-order :: "
        "urn:ietf:params:acme:error:rateLimited :: too many certificates (5) already issued for this exact set of "
        f"identifiers in the last 168h0m0s{' and so on' * 40}, retry after 2026-01-07 11:00:00 UTC: see https://"
        'letsencrypt.org/docs/rate-limits/, url: "'
    )

    found = last_failure([line])

    assert found is not None
    assert found.word == "rateLimited"
    assert "retry after 2026-01-07" in found.detail


WAITING = """
kind: Pod
metadata: {{name: jupyter-ada, creationTimestamp: -20m, labels: {{component: singleuser-server}}}}
spec: {{nodeName: user-1, containers: [{{name: notebook, image: quay.io/a/b:1}}]}}
status:
  phase: Pending
  containerStatuses:
    - {{name: notebook, ready: false, image: 'quay.io/a/b:1',
       state: {{waiting: {{reason: {reason}, message: '{message}'}}}}}}
"""


@pytest.mark.parametrize(
    ("reason", "end", "check"),
    [
        ("RunContainerError", "no space left on device", "user-container-config-error"),
        ("CreateContainerError", 'secret "team" not found', "user-container-config-error"),
        ("ImagePullBackOff", "unauthorized: authentication required", "image-pull-failed"),
    ],
)
def test_the_end_of_a_long_text_is_judged_and_shown(reason: str, end: str, check: str) -> None:
    [found] = findings_of(WAITING.format(reason=reason, message=LAYERS + end), check)

    assert "other" not in found.finding.cause.split()
    assert "unknown" not in found.finding.cause
    assert any(end in e.detail for e in found.finding.proof)


def test_a_row_shows_what_it_knows() -> None:
    row = next(r for r in PULLS if r.word == "certificate")
    text = LAYERS + "x509: certificate signed by unknown authority" + LAYERS

    assert "x509:" in row.excerpt(text)
    assert len(row.excerpt(text)) <= 300
