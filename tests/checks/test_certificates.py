"""Reading certificates: made with the cryptography package, dates and names as they were asked for."""

import base64
import random
from datetime import UTC, datetime

import pytest

from jhubdoctor_checks.network._certificates import Certificate, all_of, first

UTC_TIMES = (
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJnakNDQVNlZ0F3SUJBZ0lVZEt3eW94KzNmVjA4Ui80NlRGUHNBNFhmYk0wd0NnWUlLb1"
    "pJemowRUF3SXcKTXpFTE1Ba0dBMVVFQmhNQ1ZWTXhGakFVQmdOVkJBb01EVXhsZENkeklFVnVZM0o1Y0hReEREQUtCZ05WQkFNTQpBMUl4TVRB"
    "ZUZ3MHlOVEV3TWpBd01EQXdNREJhRncweU5qQXhNVGd3TURBd01EQmFNQm94R0RBV0JnTlZCQU1NCkQyaDFZaTVsZUdGdGNHeGxMbTl5WnpCWk"
    "1CTUdCeXFHU000OUFnRUdDQ3FHU000OUF3RUhBMElBQkpUZ0ZGODQKS3UxVzhIdTBST0o3YjJ1aU90a1JTT3BvQkpjSDVSNnRyTnZ0eWdKV2JY"
    "bHdhSnlucStEVmNKaWFoMnkxU2loMgoxODFkdVJxVEpIRUtMRHVqTWpBd01Bd0dBMVVkRXdFQi93UUNNQUF3SUFZRFZSMFJCQmt3RjRJUGFIVm"
    "lMbVY0CllXMXdiR1V1YjNKbmh3UUtBQUFCTUFvR0NDcUdTTTQ5QkFNQ0Ewa0FNRVlDSVFEaVhIRVUyTjR6SkNrMmFnK1gKNHlNODM5Nks4cHpG"
    "ZXdvaXdOZDgrZ1hINEFJaEFOTm55bkdBcFdrWG5HUXhBNXBuZzRoSVF4TzdrRXNJUlFudwpuazFNRDVGSwotLS0tLUVORCBDRVJUSUZJQ0FURS"
    "0tLS0tCg=="
)
GENERALIZED_TIME = (
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJrVENDQVRpZ0F3SUJBZ0lVSWFrQTVKM0FmakhBRkt3Zk9ESUpZYXFTd244d0NnWUlLb1"
    "pJemowRUF3SXcKTXpFTE1Ba0dBMVVFQmhNQ1ZWTXhGakFVQmdOVkJBb01EVXhsZENkeklFVnVZM0o1Y0hReEREQUtCZ05WQkFNTQpBMUl4TVRB"
    "Z0Z3MHlOVEF4TURFd01EQXdNREJhR0E4eU1EWXhNREV3TVRBd01EQXdNRm93R2pFWU1CWUdBMVVFCkF3d1BhSFZpTG1WNFlXMXdiR1V1YjNKbk"
    "1Ga3dFd1lIS29aSXpqMENBUVlJS29aSXpqMERBUWNEUWdBRWxPQVUKWHpncTdWYndlN1JFNG50dmE2STYyUkZJNm1nRWx3ZmxIcTJzMiszS0Fs"
    "WnRlWEJvbktlcjROVndtSnFIYkxWSwpLSGJYelYyNUdwTWtjUW9zTzZOQk1EOHdEQVlEVlIwVEFRSC9CQUl3QURBdkJnTlZIUkVFS0RBbWdnMW"
    "hMbVY0CllXMXdiR1V1YjNKbmdnOHFMbUl1WlhoaGJYQnNaUzV2Y21lSEJBb0FBQUV3Q2dZSUtvWkl6ajBFQXdJRFJ3QXcKUkFJZ0tkNmZFcjIy"
    "K3ZkTkp3R1VDY0t6QThiVmUvdERENHp3UytkelRRZk54dm9DSUg4THlUODVTTGhnMjlCSQoya1BaT1FMdzEzZ3JDb1JZdHk5YkpHNXVwV05PCi"
    "0tLS0tRU5EIENFUlRJRklDQVRFLS0tLS0K"
)
COMMON_NAME_ALONE = (
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJTakNCOHFBREFnRUNBaFEwMGVSOTRNcUJNNWVxcWxsQWlhT0FBcUJ2VkRBS0JnZ3Foa2"
    "pPUFFRREFqQXoKTVFzd0NRWURWUVFHRXdKVlV6RVdNQlFHQTFVRUNnd05UR1YwSjNNZ1JXNWpjbmx3ZERFTU1Bb0dBMVVFQXd3RApVakV4TUI0"
    "WERUSTFNREV3TVRBd01EQXdNRm9YRFRJMk1ERXdNVEF3TURBd01Gb3dHVEVYTUJVR0ExVUVBd3dPClkyNHVaWGhoYlhCc1pTNXZjbWN3V1RBVE"
    "JnY3Foa2pPUFFJQkJnZ3Foa2pPUFFNQkJ3TkNBQVNVNEJSZk9DcnQKVnZCN3RFVGllMjlyb2pyWkVVanFhQVNYQitVZXJhemI3Y29DVm0xNWNH"
    "aWNwNnZnMVhDWW1vZHN0VW9vZHRmTgpYYmtha3lSeENpdzdNQW9HQ0NxR1NNNDlCQU1DQTBjQU1FUUNJR2JXRzU3em8xNDNlQjhjMVEwcUVxT0"
    "VyM2FlCi9DL20wUWZhb3hqSkV5WU5BaUF2Yy9FK1Q1akhaWUQwcHRjOElxcFpId2ZZWXc5TEZlMkY1WVc5UTNKZzJnPT0KLS0tLS1FTkQgQ0VS"
    "VElGSUNBVEUtLS0tLQo="
)


def on(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        (UTC_TIMES, Certificate(on(2025, 10, 20), on(2026, 1, 18), ("hub.example.org",), "Let's Encrypt")),
        # years after 2049 are written with four digits
        (
            GENERALIZED_TIME,
            Certificate(on(2025, 1, 1), on(2061, 1, 1), ("a.example.org", "*.b.example.org"), "Let's Encrypt"),
        ),
        (COMMON_NAME_ALONE, Certificate(on(2025, 1, 1), on(2026, 1, 1), ("cn.example.org",), "Let's Encrypt")),
    ],
)
def test_dates_hosts_and_issuer(encoded: str, expected: Certificate) -> None:
    assert first(encoded) == expected


@pytest.mark.parametrize(
    ("host", "covered"),
    [
        ("a.example.org", True),
        ("A.Example.ORG.", True),
        ("x.b.example.org", True),
        ("b.example.org", False),
        ("y.x.b.example.org", False),
        ("*.b.example.org", True),
        ("", False),
    ],
)
def test_a_wildcard_stands_for_one_label(host: str, covered: bool) -> None:
    certificate = first(GENERALIZED_TIME)

    assert certificate is not None
    assert certificate.covers(host) is covered


def test_a_chain_gives_all_and_its_first_is_the_leaf() -> None:
    chain = base64.b64encode(base64.b64decode(UTC_TIMES) + base64.b64decode(COMMON_NAME_ALONE)).decode()

    assert [c.hosts for c in all_of(chain)] == [("hub.example.org",), ("cn.example.org",)]


@pytest.mark.parametrize("encoded", ["", "!!", "bm9uZQ==", base64.b64encode(b"-----BEGIN CERTIFICATE-----").decode()])
def test_what_is_no_certificate_gives_none(encoded: str) -> None:
    assert first(encoded) is None


def test_damage_never_raises() -> None:
    rng = random.Random(1)
    der = base64.b64decode(b"".join(base64.b64decode(GENERALIZED_TIME).splitlines()[1:-1]))
    for _ in range(2000):
        damaged = bytearray(der[: rng.randrange(1, len(der) + 1)])
        for _ in range(rng.randint(0, 3)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        pem = b"-----BEGIN CERTIFICATE-----\n" + base64.b64encode(damaged) + b"\n-----END CERTIFICATE-----"

        all_of(base64.b64encode(pem).decode())
