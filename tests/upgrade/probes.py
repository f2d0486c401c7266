"""Hold what is said of values against what Helm itself says, with the real charts.

    git clone --bare https://github.com/jupyterhub/zero-to-jupyterhub-k8s chart.git
    python tests/upgrade/probes.py chart.git HELM [NUMBER [TAG ...]]

A probe is one value at one key of the values. It goes to the chart as it is, to one below a parent, and to one below
two parents with an alias each. The charts have their schema and their values, and no templates: Helm judges, and
renders nothing. Prints how many differ, and each that does; exits 1 where one does. Where none does, some are
kept with Helm's verdict, for a test that has neither Helm nor charts.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from packaging.version import Version

from jhubdoctor.model.errors import UsageError
from jhubdoctor.model.values import nested
from jhubdoctor.upgrade.judge import given_files
from jhubdoctor_checks.data import schemas
from jhubdoctor_checks.refused import refusals

KEPT = Path(__file__).parents[1] / "fixtures" / "helm_verdicts.jsonl"
TAGS = ("1.0.0", "1.2.0", "2.0.0", "3.3.8", "4.0.0", "4.4.0")
ROOTS = ("", "jupyterhub", "base.lab")
"""Where the hub's values lie: in the chart, below a parent, below two with aliases."""
VALUES: tuple[Any, ...] = (
    None,
    True,
    5,
    -1,
    1.5,
    "",
    "word",
    "0644",
    [],
    ["a"],
    [{"name": "a", "more": 1}],
    {},
    {"a": 1},
)
SCALARS = (
    "yes no on off y n true ~ null 0644 0o644 0x1F 0b11 1e3 1.5e3 .5 1. +1 -1 1_000 12:30 12:30:45 2026-01-05 .inf "
    "2026-01-05T10:00:00Z '1' 1.10 NO Null = 08 1Gi"
).split()
"""Texts that YAML reads as something, not everywhere the same."""


@dataclass(frozen=True)
class Probe:
    """One values file for one release, and where in it the hub's values lie."""

    tag: str
    root: str
    text: str
    path: str


def keys(tag: str) -> list[str]:
    """The keys to try: those of the schema, others beside each, and names that people choose below what is free."""
    known = sorted(schemas.keys(Version(tag)))
    sections = {k.rpartition(".")[0] for k in known}
    free = [f"{k}.{name}" for k in known for name in ("some/name", "x.mountPath") if k not in sections]
    return [*known, *(f"{s}.{name}" if s else name for s in sorted(sections) for name in ("typo", "Upper")), *free]


def probes(tags: tuple[str, ...], number: int, seed: int = 1) -> Iterator[Probe]:
    """So many of all, spread evenly, and all the scalars."""
    chance = random.Random(seed)
    share = number // len(tags)
    for tag in tags:
        every = [(k, v) for k in keys(tag) for v in VALUES]
        for i, (key, value) in enumerate(chance.sample(every, min(share, len(every)))):
            root = ROOTS[i % len(ROOTS)]
            here = f"{root}.{key}" if root else key
            # a name that people choose may have dots in it
            *above, last = here.replace("some/name", "some/na\0me").split(".")
            data = nested(".".join(above), {last.replace("\0", ""): value}) if above else {last: value}
            yield Probe(tag, root, json.dumps(data), f"{here}={value!r}")
    for text in SCALARS:
        for key in ("hub.annotations.a", "hub.revisionHistoryLimit", "debug.enabled", "fullnameOverride"):
            *above, last = key.split(".")
            inner = "".join(f"{k}: {{" for k in above) + f"{last}: {text}" + "}" * len(above)
            yield Probe(tags[-1], "", inner, f"{key}={text}")


def built(repository: str, folder: Path, tag: str) -> None:
    """The charts of one release: its own without templates, and two that depend on it."""

    def git(name: str) -> str:
        command = ["git", "-C", repository, "show", f"{tag}:jupyterhub/{name}"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def chart(at: Path, name: str, *needs: tuple[str, str]) -> None:
        at.mkdir(parents=True)
        dependencies = [{"name": n, "version": "1.0.0", **({"alias": a} if a != n else {})} for n, a in needs]
        meta = {"apiVersion": "v2", "name": name, "version": "1.0.0", "dependencies": dependencies}
        (at / "Chart.yaml").write_text(yaml.safe_dump(meta))

    schema = "schema.yaml" if Version(tag) < Version("3") else "values.schema.yaml"
    own = folder / tag
    for at in (own / "", own / "jupyterhub", own / "base.lab"):
        mine = at
        if at.name == "jupyterhub":
            chart(at, "parent", ("jupyterhub", "jupyterhub"))
            mine = at / "charts" / "jupyterhub"
        elif at.name == "base.lab":
            chart(at, "top", ("basehub", "base"))
            chart(at / "charts" / "basehub", "basehub", ("jupyterhub", "lab"))
            mine = at / "charts" / "basehub" / "charts" / "jupyterhub"
        else:
            mine = own / "alone"
        chart(mine, "jupyterhub")
        (mine / "values.yaml").write_text(git("values.yaml"))
        (mine / "values.schema.json").write_text(json.dumps(yaml.safe_load(git(schema))))


def said(probe: Probe, path: Path) -> list[str]:
    """What the doctor says Helm refuses."""
    path.write_text(probe.text, encoding="utf-8")
    try:
        [given] = given_files((str(path),), probe.root)
    except UsageError as e:
        return [str(e)]
    return [p.says for p in refusals(given, Version(probe.tag))]


def asked(probe: Probe, helm: str, folder: Path, path: Path) -> str:
    """What Helm refuses of the file that the doctor was given; empty where it takes it."""
    chart = folder / probe.tag / (probe.root or "alone")
    command: list[str | Path] = [helm, "template", "x", chart, "--values", path]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return (answer.stderr.strip() or "it failed") if answer.returncode else ""


def verdict(probe: Probe, helm: str, folder: Path, number: int) -> tuple[Probe, bool, str]:
    """A probe, whether Helm refuses it, and how the doctor differs: empty where it does not."""
    path = folder / f"{number}.yaml"
    here = said(probe, path)
    there = asked(probe, helm, folder, path)
    path.unlink()
    where = f"{probe.tag} {probe.root or 'alone'} {probe.path}"
    return probe, bool(there), f"{where}: helm {there[:300]!r}, here {here}" if bool(there) != bool(here) else ""


def kept(verdicts: list[tuple[Probe, bool, str]], most: int = 6) -> str:
    """So many probes of each release and place that Helm refuses, and as many that it takes: what CI holds us to."""
    lines, seen = [], Counter[tuple[str, str, bool]]()
    for probe, refused, _ in verdicts:
        kind = (probe.tag, probe.root, refused)
        seen[kind] += 1
        if seen[kind] <= most or not probe.text.startswith('{"'):
            lines.append(json.dumps([probe.tag, probe.root, probe.text, refused]))
    return "\n".join(lines) + "\n"


def main(repository: str, helm: str, number: str = "3000", *tags: str) -> int:
    """Try them all; with all releases also write those that CI holds us to."""
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(2) as pool:
        folder = Path(name)
        for tag in tags or TAGS:
            built(repository, folder, tag)
        tried = list(probes(tags or TAGS, int(number)))
        verdicts = list(pool.map(lambda n: verdict(tried[n], helm, folder, n), range(len(tried))))
    found = [d for _, _, d in verdicts if d]
    for line in found:
        sys.stdout.write(f"{line}\n")
    if not tags and not found:
        KEPT.write_text(kept(verdicts), encoding="utf-8")
    refused = sum(r for _, r, _ in verdicts)
    sys.stdout.write(f"{len(tried)} probes, {refused} refused, {len(found)} differ\n")
    return bool(found)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
