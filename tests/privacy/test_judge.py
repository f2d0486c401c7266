"""Somebody else's rules over everything that leaves the machine: those of detect-secrets.

A judge that finds nothing anywhere is none: it first has to find what was planted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.core.scan import scan_line
from detect_secrets.settings import transient_settings

from jhubdoctor.report import FORMATS
from jhubdoctor.testing import Example
from tests.fakeapi import FakeAPI
from tests.privacy.shapes import SHAPES
from tests.privacy.test_redact import HEADER
from tests.privacy.test_secrets import EXAMPLE, call, unpacked

# Entropy alone is no sign of a secret: digests, fingerprints and uids are in every report. IP addresses are no secrets.
_NOT = {"Base64HighEntropyString", "HexHighEntropyString", "IPPublicDetector"}
KNOWN: list[type] = list(get_mapping_from_secret_type_to_class().values())
RULES = sorted({rule.__name__ for rule in KNOWN} - _NOT)


def seen(texts: Iterable[str]) -> list[str]:
    """What the judge takes for a secret, with its line."""
    lines = {line for text in texts for line in text.splitlines()}
    with transient_settings({"plugins_used": [{"name": name} for name in RULES]}):
        found = [(s, line) for line in sorted(lines) for s in scan_line(line)]
    # `secretName: hub` is the name of an object
    return [f"{s.type}: {s.secret_value} in {line[:200]}" for s, line in found if "secretName" not in line]


LOGGED = "\n".join(f"{HEADER} {line.format(n=60007 + i)}" for i, (_, line, _) in enumerate(SHAPES))
PLANTED = Example([*EXAMPLE.documents, {"kind": "Log", "pod": "hub-7d9c", "container": "hub", "more": LOGGED}])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with FakeAPI(PLANTED).serve() as api:
        yield api.kubeconfig(tmp_path_factory.mktemp("config"))


def test_the_judge_knows_secrets_when_it_sees_them() -> None:
    assert len(RULES) > 20
    assert len(seen([LOGGED])) > 30


def test_it_finds_none_in_any_report(served: str) -> None:
    texts = [call("run", "--kubeconfig", served, "-o", form, "--verbose")[0] for form in sorted(FORMATS)]
    assert seen(texts) == []


def test_it_finds_none_in_a_bundle(served: str, tmp_path: Path) -> None:
    call("collect", "--kubeconfig", served, "-o", str(tmp_path / "b.tar.gz"))
    assert seen([unpacked((tmp_path / "b.tar.gz").read_bytes())]) == []
