"""Every row of every table of known texts: a word and a source of its own, and an example that it knows first."""

import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import jhubdoctor_checks.texts
from jhubdoctor_checks.texts import Known

Rows = tuple[Known[Any], ...]
EXAMPLES: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    (Path(__file__).parents[1] / "fixtures" / "texts.yaml").read_text(encoding="utf-8")
)
NEIGHBOURS: dict[str, list[dict[str, str]]] = yaml.safe_load(
    (Path(__file__).parents[1] / "fixtures" / "neighbours.yaml").read_text(encoding="utf-8")
)
# Rows that share a word are one cause with texts that cannot stand in one place of the order.
ONE_CAUSE = {
    ("jupyterhub.CRASHES", "db-connect"): "of a database server and of a file more can be said than of any",
    ("provisioner.FAILURES", "access-mode"): "what a volume can do is said where other causes are not named",
}


def _tables() -> dict[str, Rows]:
    found: dict[str, Rows] = {}
    for m in pkgutil.iter_modules(jhubdoctor_checks.texts.__path__):
        module = importlib.import_module(f"{jhubdoctor_checks.texts.__name__}.{m.name}")
        for name, rows in vars(module).items():
            if isinstance(rows, tuple) and rows and all(isinstance(r, Known) for r in rows):
                found[f"{m.name}.{name}"] = rows
    return found


TABLES = _tables()
CASES = [
    pytest.param(name, i, id=f"{name}-{row.word}-{i}") for name, rows in TABLES.items() for i, row in enumerate(rows)
]


def test_every_row_has_an_example() -> None:
    assert {name: [e["word"] for e in examples] for name, examples in EXAMPLES.items()} == {
        name: [r.word for r in rows] for name, rows in TABLES.items()
    }


@pytest.mark.parametrize(("table", "i"), CASES)
def test_an_example_is_known_by_its_row_first_and_by_no_other(table: str, i: int) -> None:
    rows, example = TABLES[table], EXAMPLES[table][i]
    matching = [r for r in rows if r.search(example["text"])]

    assert matching
    assert matching[0] is rows[i]
    assert [r.word for r in matching[1:]] == example.get("also", [])
    assert bool(example.get("also")) == bool(example.get("because"))


@pytest.mark.parametrize(
    ("table", "text", "word"),
    [
        pytest.param(table, n["text"], n.get("word", ""), id=f"{table}-{n['text'][-60:]}")
        for table, near in NEIGHBOURS.items()
        for n in near
    ],
)
def test_a_text_nearby_is_known_for_what_it_is_or_not_at_all(table: str, text: str, word: str) -> None:
    found = next((r.word for r in TABLES[table] if r.search(text)), "")

    assert found == word


@pytest.mark.parametrize("table", ["kubelet.MOUNTS", "kubelet.SANDBOXES", "kubelet.STARTS"])
def test_what_nodes_say_of_one_step_is_no_cause_of_another(table: str) -> None:
    """A row of one table may know a text of another only where both say the same."""
    same = {"disk-full", "cgroups", "reference-missing", "secret-missing", "configmap-missing"}
    others = ["kubelet.MOUNTS", "kubelet.SANDBOXES", "kubelet.STARTS"]
    claimed = {
        (other, e["word"], r.word)
        for other in others
        if other != table
        for e in EXAMPLES[other]
        for r in TABLES[table]
        if r.search(e["text"]) and not {r.word, e["word"]} <= same
    }

    assert claimed == set()


@pytest.mark.parametrize("table", TABLES)
def test_words_are_unique_and_sources_named(table: str) -> None:
    words = [r.word for r in TABLES[table]]

    assert {w for w in words if words.count(w) > 1} == {w for t, w in ONE_CAUSE if t == table}
    assert all(r.source and r.says and r.fix.text for r in TABLES[table])


@pytest.mark.parametrize(("table", "i"), CASES)
def test_names_in_texts_are_groups_of_the_pattern_or_given(table: str, i: int) -> None:
    """A name that nobody gives is an error while the hub is down."""
    row = TABLES[table][i]
    given = {
        *("ns", "release", "hub", "account", "upgrade"),
        *(
            "host",
            "image",
            "nodes",
            "command",
            "pod",
            "node",
            "class",
            "provisioner",
            "modes",
            "claim",
            "change",
            "last",
            "at",
            "by",
        ),
    }
    texts = (row.says, row.fix.text, *row.fix.commands)
    used = {n for text in texts for n in re.findall(r"(?<!\{)\{(\w+)\}", text)}

    assert used <= {*given, *row.compiled.groupindex, "name"}


def test_no_row_is_compiled_before_it_is_asked() -> None:
    """Most rows are asked in no run, and a command that runs no check waits for none."""
    code = (
        "import gc; from jhubdoctor.engine.registry import load; from jhubdoctor_checks.texts import Known; load();"
        "print([r.word for r in gc.get_objects() if isinstance(r, Known) and 'compiled' in vars(r)])"
    )
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert found.stdout.strip() == "[]"
