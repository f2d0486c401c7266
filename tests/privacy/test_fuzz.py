"""Parsers that meet foreign input: whatever comes in, a value or a sentence comes out, soon.

What once made one of them stumble stands here as a test of its own; so the generators can stay small.
"""

from __future__ import annotations

import base64
import gzip
import json
import math
import random
import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from jhubdoctor.engine.result import CheckStatus
from jhubdoctor.facts.cluster import parse_health, parse_server_version
from jhubdoctor.facts.logs import parse_log, parse_spawns
from jhubdoctor.facts.users import shapes_of
from jhubdoctor.model.hub import chart_version
from jhubdoctor.model.kube.quantity import human, quantity
from jhubdoctor.model.kube.selectors import Requirement, requirement_met
from jhubdoctor.model.slugs import pod_of, slugs
from jhubdoctor.model.values import Values
from jhubdoctor.model.yaml import BadValues, load_yaml
from jhubdoctor.privacy.releases import reduced_release
from jhubdoctor.privacy.text import log_text
from jhubdoctor.privacy.values import allowed, reduced_values
from jhubdoctor.report import FORMATS, formatter
from jhubdoctor.sources.memory import fields_match, labels_match
from jhubdoctor.testing import Example, diagnose
from jhubdoctor_checks.network import _certificates

FUZZ = settings(max_examples=250, deadline=None)
HUBLOGS = sorted((Path(__file__).parent.parent / "fixtures" / "hublogs").glob("*.log"))


# --- YAML ------------------------------------------------------------------------------------------------------------

FRAGMENTS = [
    "a: ",
    "- ",
    "&x ",
    "*x",
    "<<: *x",
    "{",
    "}",
    "[",
    "]",
    "\n",
    "  ",
    "!!python/object:os.system ",
    "!!binary ",
    "? ",
    "|",
    ">",
    "'",
    '"',
    "#",
    "---",
    "...",
    "0x",
    "1_000",
    "9" * 5000,
    ".inf",
    ".nan",
    "2026-13-45",
    "12:34:56",
    "\t",
    "\x00",
    "é",
    "%TAG ! x",
    "~",
    "=",
    "\ufeff",
    "a" * 300,
    "0o17",
    "1e999",
    "2001-01-01T00:00:00Z",
]


@FUZZ
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join) | st.text(max_size=200))
def test_text_is_yaml_or_a_sentence(text: str) -> None:
    try:
        found = load_yaml(text)
    except BadValues:
        return
    json.dumps(allowed(found), allow_nan=False)


@FUZZ
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join) | st.binary(max_size=200))
def test_values_of_a_secret_are_reduced_or_nothing(raw: str | bytes) -> None:
    encoded = base64.b64encode(raw if isinstance(raw, bytes) else raw.encode()).decode()

    json.loads(base64.b64decode(reduced_values(encoded)) or "{}")
    reduced_values(raw.decode("latin-1") if isinstance(raw, bytes) else raw)


LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (LAUGHS, "expands to more"),
        ("[" * 5000 + "]" * 5000, "nested more than"),
        ("- " * 3000, "nested more than"),
        ("a: &a {b: *a}", "contains itself"),
        ("&a [*a]", "contains itself"),
        ("{" * 200, "nested more than"),
        ("{a: " * 1500, "nested more than"),
        ("? " * 3000, "nested more than"),
        ("[" * 61 + "]" * 61, "nested more than"),
        ("a: " + "x" * (5 * 2**20), "over 4 MiB"),
        ("!!python/object/apply:os.system ['true']", "not YAML"),
        ("!!python/name:os.system", "not YAML"),
        ("a: b: c", "not YAML at line 1"),
        ("a: *nobody", "not YAML"),
        ("2026-99-99T00:00:00Z", "not YAML"),
        ("a: 1\n? [x]\n: {[y]: 2}", "not YAML"),
        ("x: " + "9" * 5000, "not YAML"),
    ],
)
def test_yaml_bombs_and_tricks_are_refused_in_no_time(text: str, says: str) -> None:
    start = time.process_time()
    with pytest.raises(BadValues, match=says):
        load_yaml(text)

    assert time.process_time() - start < 3


def test_aliases_are_fine_while_they_are_few() -> None:
    assert load_yaml("a: &a {x: 1}\nb: *a\nc: {<<: *a, y: 2}") == {"a": {"x": 1}, "b": {"x": 1}, "c": {"x": 1, "y": 2}}


@pytest.mark.parametrize(
    "number", [10**30, -(10**30), 0xF << 30_000, math.inf, -math.inf, math.nan, 1e300], ids=range(7)
)
def test_numbers_that_no_setting_can_mean_are_none(number: float) -> None:
    kept = allowed(
        {"singleuser": {"startTimeout": number}, "hub": {"config": {"KubeSpawner": {"start_timeout": number}}}}
    )

    assert kept["singleuser"]["startTimeout"] is None
    assert kept["hub"]["config"]["KubeSpawner"]["start_timeout"] is None


# --- values that make no sense ---------------------------------------------------------------------------------------

ODD: tuple[Any, ...] = (
    None,
    [],
    {},
    "",
    "x",
    "\x1b]0;x\x07",
    -1,
    0,
    10**30,
    2**53,
    1.5,
    math.inf,
    math.nan,
    True,
    [None],
    {"a": None},
    [[]],
    "9" * 400,
    "1e400",
    {"\x00": {}},
    ["x"] * 50,
    "!!",
    datetime(2026, 1, 1, tzinfo=UTC),
)


@cache
def demo() -> tuple[dict[str, Any], ...]:
    from importlib import resources

    text = resources.files("jhubdoctor.example").joinpath("demo.yaml").read_text(encoding="utf-8")
    return tuple(Example(text).documents)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    if isinstance(value, dict):
        for k in value:
            found += places(value[k], (*path, k))
    elif isinstance(value, list):
        for i, v in enumerate(value):
            found += places(v, (*path, i))
    return found


def mutated(value: Any, rng: random.Random) -> Any:
    path = rng.choice(places(value)[1:])
    copy = json.loads(json.dumps(value, default=str))
    at = copy
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = rng.choice(ODD)
    return copy


@pytest.mark.parametrize("seed", range(60))
def test_no_values_however_odd_break_a_check(seed: int) -> None:
    rng = random.Random(seed)
    documents = []
    for d in demo():
        changed = d
        if d["kind"] in {"Values", "Release"}:
            for _ in range(4):
                changed = {
                    **changed,
                    **{
                        k: mutated({"x": v}, rng).get("x", v)
                        for k, v in changed.items()
                        if k in {"values", "config"} and isinstance(v, dict) and v
                    },
                }
                changed = {
                    k: v if k not in {"values", "config"} or isinstance(v, dict) else {} for k, v in changed.items()
                }
        documents.append(changed)
    report = diagnose(Example([{"kind": "Empty"}, *documents]))

    assert [f"{r.check.id}: {r.reason}" for r in report.results if r.status is CheckStatus.BROKEN] == []
    for name in FORMATS:
        formatter(name)(report)


def test_values_of_a_wrong_type_give_shapes_all_the_same() -> None:
    for odd in ODD:
        data = {
            "singleuser": {
                "profileList": [odd, {"kubespawner_override": odd}],
                "startTimeout": odd,
                "memory": odd,
                "cpu": {"guarantee": odd},
                "extraTolerations": [odd],
                "nodeSelector": odd,
            }
        }
        assert all(shapes_of(Values(allowed(data)), merges=m) for m in (True, False)), odd


# --- logs ------------------------------------------------------------------------------------------------------------

LOG_PARTS = [
    "[I 2026-01-05 11:00:00.000 JupyterHub app:1] ",
    "[E 9999-99-99 99:99:99.999 JupyterHub a:1] ",
    "[X ",
    "    ",
    "\n",
    "2026-01-05T11:00:00.123456789Z ",
    "2026-99-05T11:00:00Z ",
    "ada's server failed to start in 300 seconds, giving up",
    f"ada's server failed to start in {'9' * 3000} seconds, giving up",
    "Attempting to create pod jupyter-ada, with",
    "Unhandled error starting ada's server: x",
    'HTTP response body: {"message": "x", "code": 403}',
    "HTTP response body: {[}",
    'HTTP response body: {"code": null}',
    'HTTP response body: {"message": {"a": 1}}',
    "Exception in Future <finish_user_spawn() exception=TimeoutError('pod jhub/jupyter-ada x')> after timeout",
    "User ada took 1e9 seconds to start",
    "User  took 3.2.1 seconds to start",
    "Deleting pod jhub/jupyter-ada",
    "ada's server never showed up at http://x after 30 seconds. Giving up",
    "Failed for {'a': 1",
    "Traceback",
    "\x1b[31m",
    "Running JupyterHub version",
    "Found existing pod x, attempting to kill",
    "\u2028",
    "\r",
    "é",
]


@FUZZ
@given(st.lists(st.sampled_from(LOG_PARTS), max_size=25).map("".join) | st.text(max_size=300))
def test_any_log_is_read(text: str) -> None:
    entries = parse_log(log_text(text))
    found = parse_spawns(entries)

    assert len(found.unresolved(datetime(2026, 1, 5, 12, 0, tzinfo=UTC))) <= len(found.failed)


@pytest.mark.parametrize("seed", range(20))
def test_no_log_of_a_real_hub_cut_and_mixed_breaks_a_check(seed: int) -> None:
    rng = random.Random(seed)
    lines = [line for path in rng.sample(HUBLOGS, 6) for line in path.read_text(encoding="utf-8").splitlines()]
    start = rng.randrange(len(lines))
    chosen = lines[start : start + 400] + rng.sample(lines, min(100, len(lines)))
    text = "\n".join(line[: rng.choice([10, 60, 10_000, 10_000])] for line in chosen)
    logs = [
        {"kind": "Log", "pod": p, "container": c, "previous": previous, "text": text}
        for p, c in (("hub-7d9c", "hub"), ("proxy-6c99", "chp"), ("user-scheduler-5f64", "kube-scheduler"))
        for previous in (False, True)
    ]
    report = diagnose(Example([*demo(), *logs]))

    assert [f"{r.check.id}: {r.reason}" for r in report.results if r.status is CheckStatus.BROKEN] == []


@FUZZ
@given(st.text(max_size=60), st.lists(st.text(max_size=60), max_size=5))
def test_any_user_has_slugs_and_at_most_one_pod(user: str, pods: list[str]) -> None:
    found = pod_of(user, pods)

    assert slugs(user)
    assert found == "" or found in {*pods, *(f"jupyter-{s}" for s in slugs(user))}


# --- small things ----------------------------------------------------------------------------------------------------


@FUZZ
@given(
    st.text(alphabet="0123456789.eE+-numkKMGTPEi ", max_size=50) | st.integers() | st.floats() | st.none() | st.text()
)
def test_any_quantity_is_an_amount_or_none(raw: Any) -> None:
    found = quantity(raw)

    if found is not None:
        assert found.is_finite()
        human("memory", found)
        human("cpu", found)


@FUZZ
@given(st.text(alphabet="v0123456789.-+_abdegitnh", max_size=40) | st.text(max_size=60), st.text(max_size=10))
def test_any_version_is_one_or_none(text: str, minor: str) -> None:
    chart_version(text)
    parse_server_version(text, minor)


@FUZZ
@given(
    st.text(alphabet="ab=!,() in\tnotin.", max_size=60) | st.text(max_size=60),
    st.dictionaries(st.text(max_size=6), st.text(max_size=6), max_size=4),
)
def test_any_selector_matches_or_does_not(selector: str, labels: dict[str, str]) -> None:
    assert labels_match(selector, labels) in {True, False}
    if all("=" in term for term in selector.split(",") if term.strip()):
        assert fields_match(selector, {"metadata": labels}) in {True, False}


@FUZZ
@given(
    st.text(max_size=10),
    st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt", "", "x"]),
    st.lists(st.text(max_size=20), max_size=3),
    st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3),
)
def test_any_requirement_is_met_or_not(key: str, operator: str, values: list[str], labels: dict[str, str]) -> None:
    assert requirement_met(Requirement(key, operator, values), labels) in {True, False}


@FUZZ
@given(st.text(max_size=300))
def test_any_health_is_read(text: str) -> None:
    assert parse_health("/livez", text).passing >= 0


# --- encoded things --------------------------------------------------------------------------------------------------

GOOD = {
    "name": "jhub",
    "version": 3,
    "info": {"status": "deployed"},
    "chart": {"metadata": {"name": "jupyterhub"}},
    "config": {"hub": {}},
    "manifest": "---\nkind: A\napiVersion: v1\nmetadata:\n  name: x\n",
    "hooks": [],
}


@FUZZ
@given(st.data())
def test_any_release_is_reduced_or_nothing(data: Any) -> None:
    content = mutated(GOOD, random.Random(data.draw(st.integers(0, 10**6))))
    body = json.dumps(content, default=str).encode()
    packed = gzip.compress(body) if data.draw(st.booleans()) else body
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(packed) - 1))
        packed = packed[:at] + data.draw(st.binary(max_size=4)) + packed[at + 1 :]
    encoded = base64.b64encode(base64.b64encode(packed)).decode()

    once = reduced_release(encoded)
    if once:
        kept = json.loads(base64.b64decode(once))
        fields = "name version info chart objects hooks values supplied outline root beside above above_values"
        assert set(kept) == set(fields.split())
        assert reduced_release(once) == once


def test_a_release_that_unpacks_to_gigabytes_is_nothing() -> None:
    bomb = base64.b64encode(base64.b64encode(gzip.compress(b"\0" * 200 * 2**20))).decode()

    start = time.process_time()
    assert reduced_release(bomb) == ""
    assert time.process_time() - start < 3


CERTIFICATE = base64.b64decode(
    "MIIBhDCCASmgAwIBAgIUX3a0bGNvbW1vbi1uYW1lLXNlcmlhbDAKBggqhkjOPQQDAjAXMRUwEwYDVQQDDAxleGFtcGxlLm9yZzAeFw0yNjAxMDEwMDAw"
    "MDBaFw0yNzAxMDEwMDAwMDBaMBcxFTATBgNVBAMMDGV4YW1wbGUub3JnMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE"
)


@FUZZ
@given(st.data())
def test_any_certificate_is_read_or_none(data: Any) -> None:
    der = bytearray(CERTIFICATE)
    for _ in range(data.draw(st.integers(0, 5))):
        at = data.draw(st.integers(0, len(der) - 1))
        der[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    pem = b"-----BEGIN CERTIFICATE-----\n" + base64.b64encode(bytes(der)) + b"\n-----END CERTIFICATE-----"

    assert len(_certificates.all_of(base64.b64encode(pem).decode())) <= 1


@FUZZ
@given(
    st.recursive(
        st.none() | st.booleans() | st.text("ab: -#'", max_size=9),
        lambda b: st.lists(b, max_size=3) | st.dictionaries(st.text("ab:é", max_size=5), b, max_size=3),
        max_leaves=10,
    )
)
def test_what_yaml_writes_is_read_back(value: Any) -> None:
    text = yaml.safe_dump(value, allow_unicode=True)

    assert load_yaml(text) == value
