"""What Helm refuses of values: somebody's are laid over the chart's own as Helm does it, and its schema judges them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from packaging.version import Version

from jhubdoctor.api import TEXT, Given, Problem, Severity, clean
from jhubdoctor_checks.data import schemas

_SCHEMA = "the schema of the values of chart {}"


def coalesced(own: Mapping[str, Any], defaults: Mapping[str, Any], *, top: bool = True) -> dict[str, Any]:
    """Values over a chart's own. Null takes away what the chart has, and stays where the chart has nothing.

    Source: pkg/chartutil/coalesce.go of Helm 3.22. Helm before 3.19 took every null below the top away.
    """
    found = dict(own)
    for key, default in defaults.items():
        if key not in own:
            found[key] = default
        elif own[key] is None and (top or default is not None):
            del found[key]
        elif isinstance(own[key], Mapping) and isinstance(default, Mapping):
            found[key] = coalesced(own[key], default, top=False)
    return found


def refusals(given: Given, version: Version) -> Iterator[Problem]:
    """What the schema of a release refuses."""
    if version < schemas.FIRST or given.outline is None:
        return
    # a library that nothing else needs, and that takes longer to load than the command line
    from jsonschema import Draft7Validator

    whole = coalesced(given.outline, schemas.defaults(version))
    for error in Draft7Validator(schemas.schema(version)).iter_errors(whole):
        yield from _told(error, given, version)


# What the chart passes on to Kubernetes as it is may be gone; into all else its templates look.
_PASSED_ON = ("SecurityContext", "deploymentStrategy", "capabilities", "seccompProfile", "extraLabels", "score")


def emptied(given: Given, version: Version) -> Iterator[Problem]:
    """Whole sections that a null takes away: the schema allows it, and most templates stop at what is not there.

    With chart 4.4.0 and Helm 3.22, 58 of the 72 sections to which this applies stop it.
    """

    def walk(own: Mapping[str, Any], defaults: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Problem]:
        for key, default in defaults.items():
            if not isinstance(default, Mapping) or key not in own or key.endswith(_PASSED_ON):
                continue
            here = (*path, key)
            if own[key] is None and default:
                says = f"{_dotted(here)} is null: the whole section is gone, and templates that look into it stop Helm"
                fix = "Set the keys in it to null that you do not want, and leave the section."
                yield Problem(_dotted(here), says, fix, Severity.WARNING, source=f"templates/ of chart {version}")
            elif isinstance(own[key], Mapping):
                yield from walk(own[key], default, here)

    if version >= schemas.FIRST and given.outline is not None:
        yield from walk(given.outline, schemas.defaults(version), ())


def _told(error: Any, given: Given, version: Version) -> Iterator[Problem]:
    path = tuple(str(p) for p in error.absolute_path)
    here, chart, source = _dotted(path), f"chart {version}", _SCHEMA.format(version)
    under = f"{given.root}." if given.root else ""
    shown = f"{under}{here}"
    wanted = error.validator_value
    match error.validator:
        case "additionalProperties":
            for name in error.instance:
                if schemas.below(error.schema, name) is False:
                    full = _dotted((*path, name))
                    hint = instead(version, path, name, under)
                    yield Problem(full, f"{chart} knows no key {under}{full}", hint, source=source)
        case "required":
            for name in (n for n in wanted if n not in error.instance):
                full = _dotted((*path, name))
                if _null(given.outline, (*path, name)):
                    says = f"{under}{full} is null, which takes away a default that {chart} cannot do without"
                    yield Problem(full, says, "Take it out, or give it a value.", source=source)
                else:
                    yield Problem(full, f"{chart} needs {under}{full}", "Add it.", source=source)
        case "type":
            kinds = [wanted] if isinstance(wanted, str) else wanted
            says = f"{shown} is of type {_kind(error.instance)}, and {chart} takes {' or '.join(sorted(kinds))}"
            yield Problem(here, says, f"Change its type.{_how(error.instance, kinds)}", source=source)
        case "enum":
            words = ", ".join('""' if w == "" else str(w) for w in wanted if w is not None)
            says = f"{shown} is {_word(error.instance, given, path)}, and {chart} takes one of {words}"
            yield Problem(here, says, "Choose one of them.", source=source)
        case "oneOf":
            names = [n for rule in wanted for n in rule.get("required", ())]
            says = f"{shown} must have exactly one of {', '.join(names)} for {chart}"
            yield Problem(here, says, "Keep one of them.", source=source)
        case "minimum":
            yield Problem(here, f"{shown} is below {wanted}, which {chart} refuses", "Raise it.", source=source)
        case _:
            yield Problem(here, f"{chart} refuses {shown}", "Read its reference.", source=source)


def _dotted(path: tuple[str, ...]) -> str:
    return clean(".".join(path), 120)


def _null(outline: Any, path: tuple[str, ...]) -> bool:
    """Whether somebody set a key to null."""
    for key in path:
        if not isinstance(outline, Mapping) or key not in outline:
            return False
        outline = outline[key]
    return outline is None


def _word(value: Any, given: Given, path: tuple[str, ...]) -> str:
    """A value that is none of those to choose from, as far as it may be shown."""
    if not isinstance(value, str):
        return f"of type {_kind(value)}"
    kept = given.values.get(".".join(path))
    shown = kept if isinstance(kept, str) else "" if value == TEXT else value
    return repr(clean(shown, 40)) if shown else "another word"


_KINDS = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", type(None): "null"}


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "object")


def _how(value: Any, kinds: list[str]) -> str:
    if value is None:
        return " Null is nothing that it takes: leave the key out for the default."
    if isinstance(value, (bool, int, float)) and "string" in kinds:
        return " Write it in quotes."
    if isinstance(value, str) and "boolean" in kinds:
        return " Write true or false without quotes."
    if isinstance(value, str) and {"number", "integer"} & set(kinds):
        return " Give a bare number, without unit and quotes."
    return ""


# --- what was meant --------------------------------------------------------------------------------------------------


def instead(version: Version, path: tuple[str, ...], name: str, under: str = "") -> str:
    """What to do with a key that a release does not know: where it belongs, or what was probably meant."""
    parent = ".".join(path)
    if parent == "hub" and name[:1].isupper():
        # what begins with a capital is a class to configure
        return f"Move it to {under}hub.config.{clean(name, 60)}."
    known = list(schemas.keys(version))
    beside = {k.rpartition(".")[2]: k for k in known if k.rpartition(".")[0] == parent}
    plain = {k.lower(): k for k in beside}
    if close := difflib.get_close_matches(name.lower(), plain, 1, cutoff=0.8):
        return f"Did you mean {under}{beside[plain[close[0]]]}?"
    named = [k for k in known if k.rpartition(".")[2] == name]
    section = path[0] if path else ""
    for among in (f"{parent}." if parent else "", f"{section}." if section else "", ""):
        found = [f"{under}{k}" for k in named if k.startswith(among)]
        # a name that many have says nothing of which was meant
        if found and len(found) <= 3:
            return f"Move it to {' or '.join(found)}."
    return "Take it out; what is for your own code may stand below custom."
