"""Write checks/jhubdoctor_checks/data/schemas.json: what each release of the chart takes as values.

    git clone --bare https://github.com/jupyterhub/zero-to-jupyterhub-k8s chart.git
    python tests/upgrade/extract.py chart.git HELM

Of a schema its structure is kept, which are facts: types, words, patterns, what is required, what else may be there.
Texts are left out. Of the chart's own values an outline is kept, as of anybody's. An unknown keyword stops it.

Besides, which of its sections and lists a release cannot do without: each is set to null in turn, and a real Helm
renders the templates, once with the chart's own values and once with all its switches turned.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft7Validator

from jhubdoctor.model.values import merged, nested
from jhubdoctor.privacy.releases import outline
from jhubdoctor_checks.data.schemas import GONE, patched

TARGET = Path(__file__).parents[2] / "checks/jhubdoctor_checks/data/schemas.json"
# `$schema"` is a slip of the chart's 1.x
TEXTS = {"description", "title", "examples", "default", "deprecated", "$schema", '$schema"', "$comment"}
OF_NAMES = {"properties", "patternProperties"}
OF_ONE = {"additionalProperties", "items", "if", "then", "else", "not"}
OF_SEVERAL = {"oneOf", "anyOf", "allOf"}
PLAIN = {"type", "required", "enum", "const", "minimum", "maximum", "pattern", "minLength", "maxLength"}


def structure(schema: Any) -> Any:
    """A schema without its texts."""
    if not isinstance(schema, Mapping):
        return schema
    found: dict[str, Any] = {}
    for word, rule in sorted(schema.items()):
        if word in OF_NAMES:
            found[word] = {name: structure(inner) for name, inner in sorted(rule.items())}
        elif word in OF_ONE:
            found[word] = structure(rule)
        elif word in OF_SEVERAL:
            found[word] = [structure(inner) for inner in rule]
        elif word in PLAIN:
            found[word] = rule
        elif word not in TEXTS:
            sys.exit(f"{word!r} is no keyword that is known here: say what it is in {Path(__file__).name}")
    return found


def difference(old: Any, new: Any) -> Any:
    """What `patched` needs to make the new of the old."""
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return new
    changed = {k: difference(old.get(k), v) for k, v in new.items() if k not in old or old[k] != v}
    return {k: GONE for k in old if k not in new} | changed


def git(repository: str, *words: str) -> str:
    """What git says."""
    return subprocess.run(["git", "-C", repository, *words], check=True, capture_output=True, text=True).stdout


def releases(repository: str) -> list[str]:
    """The tags of releases that have a schema, oldest first."""
    tags = [t for t in git(repository, "tag").split() if re.fullmatch(r"[1-9]\d*\.\d+\.\d+", t)]
    return sorted(tags, key=lambda t: [int(n) for n in t.split(".")])


def taken(repository: str, tag: str) -> dict[str, Any]:
    """The schema and the defaults of one release."""
    files = git(repository, "ls-tree", "--name-only", tag, "jupyterhub/").split()
    name = next(f for f in files if f.endswith("schema.yaml"))
    schema = structure(yaml.safe_load(git(repository, "show", f"{tag}:{name}")))
    own = outline(yaml.safe_load(git(repository, "show", f"{tag}:jupyterhub/values.yaml")))
    wrong = [e.message for e in Draft7Validator(schema).iter_errors(own)]
    if wrong:
        sys.exit(f"chart {tag} does not take its own values: {wrong[0]}")
    return {"schema": schema, "defaults": own}


# --- what the templates cannot do without ----------------------------------------------------------------------------


def chart(repository: str, tag: str, folder: Path) -> Path:
    """The chart of a release, as it would be packed."""
    packed = subprocess.run(["git", "-C", repository, "archive", tag, "jupyterhub"], check=True, capture_output=True)
    subprocess.run(["tar", "-x", "-C", str(folder)], input=packed.stdout, check=True)
    at = folder / "jupyterhub"
    schema = next(at.glob("*schema.yaml"))
    (at / "values.schema.json").write_text(json.dumps(yaml.safe_load(schema.read_text())))
    return at


def turned(values: Mapping[str, Any]) -> dict[str, Any]:
    """Every switch of these values the other way."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            found[key] = turned(value)
        elif key == "enabled" and isinstance(value, bool):
            found[key] = not value
    return found


# what is asked for where all is switched on
MORE = {"proxy": {"https": {"hosts": ["a"], "letsencrypt": {"contactEmail": "a@b"}}}}


def sections(values: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """The dotted keys of all sections and lists."""
    for key, value in values.items():
        if isinstance(value, Mapping | list):
            yield f"{path}{key}"
        if isinstance(value, Mapping):
            yield from sections(value, f"{path}{key}.")


def rendered(helm: str, at: Path, every: list[dict[str, Any]]) -> list[str]:
    """What Helm says against each of these values; empty where it renders them."""

    def asked(values: dict[str, Any]) -> str:
        command = [helm, "template", "x", str(at), "--values", "-", "--kube-version", "1.30.0"]
        done = subprocess.run(command, input=json.dumps(values), capture_output=True, text=True, check=False)
        return done.stderr if done.returncode else ""

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(asked, every))


def needed(helm: str, at: Path) -> dict[str, str]:
    """The sections and lists at whose null templates stop, and when: `always`, or only as some switches are."""
    own = yaml.safe_load((at / "values.yaml").read_text())
    keys = list(sections(own))
    stops: list[set[str]] = []
    for base in ({}, merged(turned(own), MORE)):
        [wrong] = rendered(helm, at, [base])
        if wrong:
            sys.exit(f"chart {at} does not render: {wrong}")
        told = rendered(helm, at, [merged(base, nested(key, None)) for key in keys])
        # what the schema refuses is told by the schema
        stops.append({k for k, says in zip(keys, told, strict=True) if says and "meet the specifications" not in says})
    return {k: "always" if all(k in s for s in stops) else "at times" for k in sorted(set.union(*stops))}


def main(repository: str, helm: str) -> None:
    """Write the file, one line a release that differs."""
    before: Any = {}
    tree, needs = "", {}
    lines = []
    for tag in releases(repository):
        now = taken(repository, tag)
        held = "".join(git(repository, "rev-parse", f"{tag}:jupyterhub/{n}") for n in ("templates", "values.yaml"))
        if held != tree:
            tree = held
            with tempfile.TemporaryDirectory() as name:
                needs = needed(helm, chart(repository, tag, Path(name)))
        now["needed"] = needs
        change = difference(before, now)
        assert patched(before, change) == now, tag
        if change:
            lines.append(f'"{tag}": {json.dumps(change, separators=(",", ":"))}')
        before = now
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    sys.stdout.write(f"{TARGET.name}: {len(lines)} releases, {TARGET.stat().st_size} bytes\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
