"""Whose a step of cert-manager is: its names are those of certificates with numbers after them."""

from collections.abc import Mapping
from typing import Any

import pytest

from jhubdoctor.engine import notes
from jhubdoctor.testing import Example, diagnose, registry

OURS, WHY = "hub-tls-1-2081-3178", "wrong status code '404'"


def told(*more: Mapping[str, Any]) -> str:
    """What tls-secret-missing says of a hub whose certificate `hub-tls` waits for its challenge."""
    text = next(t for t in notes.of(registry().checks["tls-secret-missing"]).fires_on if OURS in t)
    return str([f.finding for f in diagnose(Example([{"kind": "Empty"}, *Example(text).documents, *more])).findings])


def challenge(name: str) -> dict[str, Any]:
    spec = {"dnsName": "other.example.org", "type": "HTTP-01"}
    return {"kind": "Challenge", "metadata": {"name": name}, "spec": spec, "status": {"reason": "somebody else's"}}


@pytest.mark.parametrize("name", ["hub-tls-staging-1-11-22", "hub-tls-2-1-11-22", "hub-tlsb-1-11-22"])
def test_a_challenge_of_a_certificate_whose_name_begins_alike_is_not_taken_for_its_own(name: str) -> None:
    found = told(challenge(name))

    assert WHY in found
    assert "somebody else's" not in found


def test_its_own_are_told() -> None:
    assert "somebody else's" in told(challenge("hub-tls-2-11-22"))
