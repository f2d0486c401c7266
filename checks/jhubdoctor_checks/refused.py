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


def beyond(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """What values hold that is not in these defaults, or is otherwise there."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping) and isinstance(default := defaults.get(key), Mapping):
            if more := beyond(value, default):
                found[key] = more
        elif key not in defaults or value != defaults[key]:
            found[key] = value
    return found


# --- what the templates stop at --------------------------------------------------------------------------------------

_ALIAS_SINCE = Version("3.0.0")


def stops(given: Given, version: Version) -> Iterator[Problem]:
    """What the templates of a release stop at though its schema takes it, as far as that can be told without them."""
    if version < schemas.FIRST or given.outline is None:
        return
    chart, source = f"chart {version}", f"templates/ of chart {version}"
    under = f"{given.root}." if given.root else ""
    for path, when in schemas.needed(version).items():
        if given.at(path, "") is None:
            always = when == "always"
            whether = "stop at that" if always else "stop at that unless what it is for is switched off"
            yield Problem(
                path,
                f"{under}{path} is null: what {chart} has there is gone, and its templates {whether}",
                "Take it out; where it is a section, set to null what you do not want in it.",
                Severity.ERROR if always else Severity.WARNING,
                source=source,
            )
    name = given.root.rpartition(".")[2]
    if version < _ALIAS_SINCE and name not in {"", "jupyterhub"}:
        says = f"templates of {chart} look for their values under jupyterhub, and not under {name}: Helm stops"
        yield Problem("", says, "Depend on it without an alias, or take 3.0.0 or later.", source=source)
    for path, what in _misshapen(given):
        says = f"{under}{path} is {what}, and the templates of {chart} stop at that"
        yield Problem(path, says, _SHAPED[what], source=source)
    yield from _contradictory(given, version, under, source)


_SHAPED = {
    "neither text nor a mapping": "Write its value in quotes.",
    "no mapping": "Give it the keys that it needs.",
    "no text": "Write it in quotes.",
    "empty": "Take it out, or give it a value.",
}


def _misshapen(given: Given) -> Iterator[tuple[str, str]]:
    """What the schema lets pass in any shape, and templates take in one alone."""

    def entries(path: str) -> Iterator[tuple[str, Any]]:
        whole = given.at(path)
        if isinstance(whole, Mapping):
            yield from ((f"{path}.{key}", value) for key, value in whole.items())
        elif isinstance(whole, list):
            yield from ((f"{path}[{i}]", value) for i, value in enumerate(whole))

    # of these a list is passed on as it is, or refused by the schema
    named = {
        p: [e for e in entries(p) if "[" not in e[0]] for p in ("hub.extraEnv", "proxy.chp.extraEnv", "hub.services")
    }
    yield from ((name, "no mapping") for name, value in named.pop("hub.services") if not isinstance(value, Mapping))
    for each in named.values():
        yield from ((n, "neither text nor a mapping") for n, v in each if not isinstance(v, (str, Mapping)))
    for path in ("singleuser.initContainers", "singleuser.extraContainers", "singleuser.profileList"):
        yield from ((name, "no mapping") for name, value in entries(path) if not isinstance(value, Mapping))
    for path in ("hub.command", "hub.args", "proxy.chp.extraCommandLineFlags"):
        yield from ((name, "no text") for name, value in entries(path) if not isinstance(value, str))
    for path in ("hub.image.tag", "proxy.chp.image.tag"):
        if given.at(path) == "":
            yield path, "empty"


def _contradictory(given: Given, version: Version, under: str, source: str) -> Iterator[Problem]:
    """What the templates say themselves that they do not take, by `fail` and `required`."""
    values, chart = given.values, f"chart {version}"
    policy = "singleuser.networkPolicy"
    blocked = values.enabled("singleuser.cloudMetadata.blockWithIptables", default=True)
    allowed = values.enabled(f"{policy}.egressAllowRules.cloudMetadataServer")
    if version >= Version("3.0.0") and blocked and allowed and values.enabled(f"{policy}.enabled", default=True):
        yield Problem(
            f"{policy}.egressAllowRules.cloudMetadataServer",
            f"the metadata server may not be both blocked and allowed: {chart} stops at it",
            f"Set {under}singleuser.cloudMetadata.blockWithIptables to false, or take the egress rule away.",
            source=source,
        )
    if not values.enabled("proxy.https.enabled"):
        return
    kind = values.get("proxy.https.type", "letsencrypt")
    letsencrypt = kind == "letsencrypt" and values.items("proxy.https.hosts")
    asked = ["letsencrypt.contactEmail"] if letsencrypt else ["manual.cert", "manual.key"] if kind == "manual" else []
    for key in asked:
        if given.at(f"proxy.https.{key}") in (None, ""):
            says = f"proxy.https.type is {kind}, and {chart} stops without {under}proxy.https.{key}"
            yield Problem(f"proxy.https.{key}", says, "Set it.", source=source)


# --- what the schema says --------------------------------------------------------------------------------------------


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
                if given.at(".".join((*path, name)), "") is None:
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
