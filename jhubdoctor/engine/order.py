"""Which fix waits for another: one that ends pods while none comes back, and one that undoes what stands before it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from jhubdoctor.engine.result import Reported, Wait
from jhubdoctor.model.finding import Fix, Severity
from jhubdoctor.model.values import contradiction

# What ends pods, or has others made in their place
_ENDS = re.compile(
    r"^helm (?:upgrade|rollback|install|uninstall) "
    r"|^kubectl .*\b(?:rollout restart|scale|drain|set|patch (?:deploy|daemonset|statefulset))\b"
    r"|^kubectl .*\bdelete (?:pods?|deploy\w*|nodes?|replicasets?|rs)\b|^kubectl taint .*:NoExecute"
)
_ACTS = {"delete", "scale", "rollout", "patch", "label", "taint", "cordon", "uncordon", "drain", "annotate", "set"}
_OPTION_WITH_VALUE = {"--namespace", "-n", "--repo", "--values", "-f", "--timeout", "-p", "--patch", "--type"}
_NODES = {"cordon", "uncordon", "drain"}


def order(findings: list[Reported]) -> None:
    """Say of each root cause whose fix has to wait what it waits for; they are ranked, the first comes first.

    What bars comes before all others: what is ended while it lasts is not made anew. Of two fixes that do otherwise
    with the same object, take the release to different versions of the chart, or set a value otherwise, the second
    waits. So the values of all that do not wait are one patch.
    """
    roots = [f for f in findings if f.explained_by is None]
    for f in findings:
        f.waits = None
    bars = {f.explained_by or f.fingerprint for f in findings if f.check.bars and f.severity is Severity.ERROR}
    barring = [f for f in roots if f.fingerprint in bars]
    done: dict[tuple[str, str], dict[str, Reported]] = {}
    setting: list[Reported] = []
    for f in [*barring, *(f for f in roots if f not in barring)]:
        bar = next((b for b in barring if b is not f and b.waits is None and b.hub in {None, f.hub}), None)
        acts = [a for c in f.fix.commands for a in acts_of(c)]
        if bar is not None and f not in barring[:1] and any(map(_ENDS.search, f.fix.commands)):
            f.waits = Wait(bar.fingerprint, f"Only after {bar.check.id}: until then, what is ended does not come back.")
            continue
        other = next((o for target, act in acts for a, o in done.get(target, {}).items() if a != act), None)
        if other is not None:
            f.waits = Wait(
                other.fingerprint, f"Only after {other.check.id}, which does otherwise: run jhubdoctor again then."
            )
            continue
        for o in setting:
            if o.hub is f.hub and (key := _set_otherwise(o.finding.fix, f.finding.fix)):
                says = f"Only after {o.check.id}, which sets {key} otherwise: run jhubdoctor again then."
                f.waits = Wait(o.fingerprint, says)
                break
        if f.waits is not None:
            continue
        if f.finding.fix.values:
            setting.append(f)
        for target, act in acts:
            done.setdefault(target, {}).setdefault(act, f)


def _set_otherwise(one: Fix, other: Fix) -> str:
    return contradiction(one.values, other.values, {*one.replaces, *other.replaces})


def acts_of(command: str) -> Iterator[tuple[tuple[str, str], str]]:
    """What a command changes, each object with what is done to it; nothing of one that only looks."""
    try:
        words = shlex.split(command)
    except ValueError:
        return
    options = {w: words[i + 1] for i, w in enumerate(words[:-1]) if w in _OPTION_WITH_VALUE or w == "--version"}
    plain, skip = [], False
    for w in words[1:]:
        if not skip and not w.startswith("-"):
            plain.append(w)
        skip = not skip and (w in _OPTION_WITH_VALUE or w == "--version")
    if words[:1] == ["helm"] and plain[:1] in (["upgrade"], ["rollback"], ["uninstall"]):
        act = plain[0] if plain[0] != "upgrade" else f"upgrade to {options.get('--version', '')}"
        yield ("release", f"{options.get('--namespace', '')}/{plain[1]}"), act
    elif words[:1] == ["kubectl"] and plain[:1] and plain[0] in _ACTS:
        verb, rest = plain[0], plain[1:]
        if verb == "rollout":
            verb, rest = f"rollout {' '.join(rest[:1])}", rest[1:]
        kind = "node" if verb in _NODES else ""
        changes = " ".join(w for w in words if w.startswith(("--replicas", "{")) or ("=" in w and "--" not in w))
        if not kind and rest and "/" not in rest[0]:
            kind, rest = _kind(rest[0]), rest[1:]
        for name in rest:
            if "=" in name or name.endswith("-"):
                continue
            this, _, own = name.rpartition("/")
            where = "" if (_kind(this) or kind) in _CLUSTER else f"{options.get('--namespace', '')}/"
            yield (_kind(this) or kind, f"{where}{own}"), f"{verb} {changes}".strip()


_CLUSTER = {"node", "persistentvolume", "volumeattachment", "storageclass"}
_SHORT = {"deploy": "deployment", "pvc": "persistentvolumeclaim", "pv": "persistentvolume", "ds": "daemonset"}


def _kind(word: str) -> str:
    """A kind as one word, however it was written."""
    word = word.lower().partition(".")[0]
    word = word[:-2] if word.endswith("sses") else word.removesuffix("s") if not word.endswith("ss") else word
    return _SHORT.get(word, word)
