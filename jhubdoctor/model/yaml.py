"""YAML that may come from anybody, loaded safely and within bounds."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

TEXT_LIMIT = 4 * 2**20
NODE_LIMIT = 200_000
DEPTH_LIMIT = 60


class BadValues(ValueError):  # noqa: N818  - the text is for people
    """The text is no values file: not YAML, not a mapping, or larger than any real one."""


_TRUE = frozenset("y Y yes Yes YES true True TRUE on On ON".split())
_FALSE = frozenset("n N no No NO false False FALSE off Off OFF".split())
_GO_NUMBER = re.compile(
    r"^[-+]?(?:0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|(?:\.[0-9_]*[0-9]|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?)$"
)


@cache
def _as_helm() -> Any:
    """A loader to which a plain word is what it is to Helm: `n` is false, `1e3` and 08 are numbers, 12:30 is a text.

    Source: resolve.go of go.yaml.in/yaml/v2, by which Helm reads values.
    """
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  - as in the class above it

    def number(loader: Any, node: Any) -> float:
        plain = loader.construct_scalar(node).replace("_", "").lower()
        digits = plain.lstrip("+-")
        if digits.isdigit():
            # with an eight or a nine it is no octal number, and no whole one to Go
            octal = digits[0] == "0" and len(digits) > 1
            if octal and re.search("[89]", digits):
                return float(plain)
            return int(digits, 8 if octal else 10) * (-1 if plain[0] == "-" else 1)
        return int(plain, 0) if digits[:2] in {"0b", "0o", "0x"} else float(plain)

    words = [re.escape(w) for w in (*_TRUE, *_FALSE)]
    Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(f"^(?:{'|'.join(words)})$"), list("yYnNtTfFoO"))
    Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
    Loader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile("^<<$"), ["<"])
    Loader.add_implicit_resolver("!number", _GO_NUMBER, list("-+.0123456789"))
    Loader.add_implicit_resolver(
        "tag:yaml.org,2002:float", re.compile(r"^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$"), list("-+.")
    )
    Loader.add_constructor("!number", number)
    Loader.add_constructor("tag:yaml.org,2002:bool", lambda loader, node: loader.construct_scalar(node) in _TRUE)
    return Loader


def load_yaml(text: str, *, limit: int = TEXT_LIMIT, nodes: int = NODE_LIMIT, as_helm: bool = False) -> Any:
    """Safe YAML within bounds: size, depth, and the number of nodes after aliases are expanded.

    The hub reads YAML in Python, where some plain words are other things than in Helm (`as_helm`).

    Raises:
        BadValues: where it is no YAML, or over a bound.
    """
    import yaml

    if len(text) > limit:
        raise BadValues(f"the text is over {limit // 2**20} MiB")
    loader = _as_helm() if as_helm else getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    too_deep = f"it is nested more than {DEPTH_LIMIT} deep"
    try:
        depth = 0
        for event in yaml.parse(text, Loader=loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEPTH_LIMIT:
                raise BadValues(too_deep)
        safe = loader(text)
        try:
            node = safe.get_single_node()
            if node is not None and _size(node, {}, set(), nodes) > nodes:
                raise BadValues("it expands to more than any real values file")
            return None if node is None else safe.construct_document(node)
        finally:
            safe.dispose()
    except yaml.YAMLError as e:
        # libyaml has a bound of its own since 0.2.6, and reads ahead: it may notice before any event says so
        if "nesting" in str(getattr(e, "problem", "")):
            raise BadValues(too_deep) from e
        mark = getattr(e, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise BadValues(f"it is not YAML{where}") from e
    except (ValueError, RecursionError, OverflowError, TypeError) as e:
        raise e if isinstance(e, BadValues) else BadValues("it is not YAML that can be read") from e


def _size(node: Any, known: dict[int, int], open_: set[int], most: int) -> int:
    """How many nodes there are once aliases are expanded; without expanding them."""
    if id(node) in known:
        return known[id(node)]
    if id(node) in open_:
        raise BadValues("it contains itself")
    open_.add(id(node))
    total = 1
    if isinstance(node.value, list):
        for child in node.value:
            for part in child if isinstance(child, tuple) else (child,):
                total = min(total + _size(part, known, open_, most), most + 1)
    open_.discard(id(node))
    known[id(node)] = total
    return total
