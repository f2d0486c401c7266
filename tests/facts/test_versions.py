"""Versions as the field has them."""

import pytest
from packaging.version import Version

from jhubdoctor.facts.cluster import parse_server_version
from jhubdoctor.model.hub import chart_version


@pytest.mark.parametrize(
    ("git_version", "minor", "expected"),
    [
        ("v1.36.2", "36", 36),
        ("v1.29.4-gke.1043002", "29", 29),
        ("v1.28.9-eks-036c24b", "28+", 28),
        ("v1.27.3+k3s1", "27", 27),
        ("v1.36.0-alpha.1.5+0123456789abcd", "36+", 36),
        ("v0.0.0-master+$Format:%H$", "27+", 27),
        ("v0.0.0-master+$Format:%H$", "", None),
    ],
)
def test_server_versions(git_version: str, minor: str, expected: int | None) -> None:
    assert parse_server_version(git_version, minor).minor == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4.4.0", "4.4.0"),
        ("0.11.1", "0.11.1"),
        ("v3.3.8", "3.3.8"),
        ("3.3.8-0.dev.git.6789.habc1234", "3.3.8.dev6789"),
        ("1.1.3-n354.h751bc313", "1.1.3.post354"),
        ("1.1.3-n354.h751bc313_x", None),
        ("2.0.0-beta.1", "2.0.0b1"),
        ("4.0.0-beta.2.git.6600.h1234abc", "4.0.0b2"),
        ("0.9.0-n100.hfade", "0.9.0.post100"),
        ("nonsense", None),
        ("", None),
    ],
)
def test_chart_versions(text: str, expected: str | None) -> None:
    assert chart_version(text) == (Version(expected) if expected else None)


def test_a_development_version_comes_before_its_release_and_an_old_style_one_after() -> None:
    before, after = chart_version("3.3.8-0.dev.git.6789.habc1234"), chart_version("1.1.3-n354.h751bc313")

    assert before is not None
    assert after is not None
    assert Version("3.3.7") < before < Version("3.3.8")
    assert Version("1.1.3") < after < Version("1.1.4")
