"""YAML that may come from anybody, loaded safely and within bounds."""

from __future__ import annotations

from typing import Any

TEXT_LIMIT = 4 * 2**20
NODE_LIMIT = 200_000
DEPTH_LIMIT = 60


class BadValues(ValueError):  # noqa: N818  - the text is for people
    """The text is no values file: not YAML, not a mapping, or larger than any real one."""


def load_yaml(text: str, *, limit: int = TEXT_LIMIT, nodes: int = NODE_LIMIT) -> Any:
    """Safe YAML within bounds: size, depth, and the number of nodes after aliases are expanded.

    Raises:
        BadValues: where it is no YAML, or over a bound.
    """
    import yaml

    if len(text) > limit:
        raise BadValues(f"the text is over {limit // 2**20} MiB")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
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
