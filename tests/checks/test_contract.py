"""What every check keeps, whoever wrote it."""

import ast
import copy
import inspect
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

import jhubdoctor_checks
from jhubdoctor.engine import notes
from jhubdoctor.engine.declare import Check
from jhubdoctor.engine.result import CheckStatus
from jhubdoctor.testing import Example, assert_contract, diagnose, documents, registry, without_one

pytestmark = pytest.mark.engine

# The longest have many facts and say of each where it is: with these in helpers they would be read in two places.
MOST_LINES, MOST_CODE = 90, 65
# Whoever changes a check reads its partner too. One screen is not enough for those with a cause of many and a fix for
# each, but what needs more than two and a half hides a fact, or a second check.
MOST_TOGETHER = 215

PACK = Path(inspect.getfile(jhubdoctor_checks)).parent
CHECKS = list(registry().checks.values())
EXAMPLES = [
    pytest.param(c, text, id=f"{c.id}-{i}")
    for c in CHECKS
    for i, text in enumerate(notes.of(c).fires_on + notes.of(c).quiet_on)
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.id)
def test_note_examples_and_title(check: Check) -> None:
    assert_contract(check)


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.id)
def test_what_it_explains_exists_and_no_rung_tells_it(check: Check) -> None:
    for name in check.explains:
        other = registry().checks[name]
        told = [
            other.at is not None and check.at is not None and check.at < other.at,
            other.at is not None and check.stops is not None and check.stops <= other.at,
        ]
        assert not (other.symptom and all(told)), f"the rungs alone fold {name} under it"


@pytest.mark.parametrize(("check", "text"), EXAMPLES)
def test_order_of_objects_does_not_matter(check: Check, text: str) -> None:
    straight = diagnose(text, check.id)
    shuffled = diagnose(text, check.id, shuffle=random.Random(7))

    assert [f.fingerprint for f in straight.findings] == [f.fingerprint for f in shuffled.findings]


@pytest.mark.parametrize(("check", "text"), EXAMPLES)
def test_same_input_gives_same_findings_and_input_is_unchanged(check: Check, text: str) -> None:
    example = Example(text)
    before = copy.deepcopy(example.documents)
    first, second = diagnose(example, check.id), diagnose(example, check.id)

    assert [msgspec.to_builtins(f.finding) for f in first.findings] == [
        msgspec.to_builtins(f.finding) for f in second.findings
    ]
    assert before == example.documents


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.id)
def test_no_missing_field_breaks_it(check: Check) -> None:
    """Any one key or list item of what its examples add may be absent, at any depth.

    The examples of a note differ in little: what was taken from one of those that fire is not taken again from the
    next that fires with the same cause, nor from the next that is quiet.
    """
    taken: set[tuple[object, ...]] = set()
    for text in (*notes.of(check).fires_on, *notes.of(check).quiet_on):
        _take_from(check, text, taken)


def _take_from(check: Check, text: str, taken: set[tuple[object, ...]]) -> None:
    given = Example([{"kind": "Empty"}, *Example(text).documents]).documents
    base = {str(d) for d in Example("").documents}
    named = [d for d in documents(text) if d.get("kind") == "Values"]
    said = tuple(sorted({f.finding.cause for f in diagnose(text, check.id).findings}))
    for i, document in enumerate(given):
        if str(document) in base or document.get("kind") in {"Version", "Path", "Missing", "Now"}:
            continue
        for where, smaller in without_one(document):
            # the values of the base are hundreds; those that the example names are what the check looks at
            of_base = document.get("kind") == "Values" and not any(_holds(d, where) for d in named)
            if of_base or where in {("kind",), ("metadata", "name"), ("metadata",)} or not _loadable(smaller):
                continue
            place = (said, document.get("kind"), *("*" if isinstance(key, int) else key for key in where))
            if place in taken:
                continue
            taken.add(place)
            report = diagnose(Example([{"kind": "Empty"}, *given[:i], smaller, *given[i + 1 :]]), check.id)

            assert not [r.reason for r in report.results if r.status is CheckStatus.BROKEN], f"without {where}"


def _holds(document: Any, path: tuple[Any, ...]) -> bool:
    for part in path:
        keys: Any = (
            document if isinstance(document, dict) else range(len(document) if isinstance(document, list) else 0)
        )
        if part not in keys:
            return False
        document = document[part]
    return True


def _loadable(document: dict[str, object]) -> bool:
    required = {
        "Log": {"pod", "container", "text"},
        "Release": {"name", "version", "status"},
        "Values": {"values"},
        "Suppression": {"reason", "check"},
    }
    return required.get(str(document.get("kind")), set()) <= set(document)


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.id)
def test_a_check_fits_on_one_screen(check: Check) -> None:
    """What it looks at, what it decides, what it says; the rest belongs into facts and into helpers of its area."""
    path = Path(inspect.getfile(check.function))

    assert _lines(path) <= MOST_LINES
    assert _lines_of_code(path) <= MOST_CODE


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.id)
def test_a_check_and_its_partner_are_read_in_one_go(check: Check) -> None:
    path = Path(inspect.getfile(check.function))

    assert _lines(path) + _lines(path.with_name(f"_{path.name}")) <= MOST_TOGETHER


def test_a_helper_of_one_module_is_named_after_it_and_of_no_use_to_another() -> None:
    """`_spawn_rejected.py` is the partner of `spawn_rejected.py` alone; any other name is for what several import."""
    users = _users()

    for helper in PACK.rglob("_[!_]*.py"):
        partner = helper.with_name(helper.name.removeprefix("_"))
        if partner.exists():
            assert users[helper] == {partner}, f"{helper.name} is for {partner.name} alone"
        else:
            assert len(users[helper]) > 1, f"{helper.name} serves one module: name it after that"


def _users() -> dict[Path, set[Path]]:
    """Modules of the pack by the modules of the pack that they import."""
    users: dict[Path, set[Path]] = {path: set() for path in PACK.rglob("*.py")}
    for path in list(users):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{name}" for name in names)]
            for name in names:
                file = (PACK.parent / name.replace(".", "/")).with_suffix(".py")
                if file in users:
                    users[file].add(path)
    return users


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0


def _lines_of_code(path: Path) -> int:
    """Lines without docstrings, imports, comments and blank ones."""
    text = path.read_text(encoding="utf-8")
    aside: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, ast.stmt) and (isinstance(node, ast.Import | ast.ImportFrom) or docstring):
            aside |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = enumerate(text.splitlines(), start=1)
    return sum(i not in aside and bool(line.strip()) and not line.lstrip().startswith("#") for i, line in lines)
