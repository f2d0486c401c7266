"""The chart's values, read by dotted paths, and merged as Helm merges them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Values as Helm and the hub merge them: mappings key by key, everything else replaced."""
    result = dict(base)
    for key, value in over.items():
        own = result.get(key)
        result[key] = merged(own, value) if isinstance(own, Mapping) and isinstance(value, Mapping) else value
    return result


def nested(path: str, value: Any) -> dict[str, Any]:
    """A patch of values.yaml that sets one dotted path; empty where there is no path."""
    patch: Any = value
    for key in reversed(path.split(".")) if path else ():
        patch = {key: patch}
    return patch if path else {}


def has_null(patch: Mapping[str, Any]) -> bool:
    """Whether a patch of values.yaml takes a key out."""
    return any(v is None or (isinstance(v, Mapping) and has_null(v)) for v in patch.values())


def leaves(patch: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """What a patch sets, each with its place."""
    for key, value in patch.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(value, (*above, key))
        else:
            yield (*above, key), value


def put(patch: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
    """Set one place of a patch."""
    *above, last = place
    for key in above:
        patch = patch.setdefault(key, {})
    patch[last] = value


def joined(values: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Two patches of values.yaml in one: mappings key by key, lists one after the other, without what is there."""
    result = dict(values)
    for key, other in more.items():
        one = result.get(key)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            result[key] = joined(one, other)
        elif isinstance(one, list) and isinstance(other, list):
            result[key] = [*one, *(item for item in other if item not in one)]
        else:
            result[key] = other
    return result


def contradiction(one: Mapping[str, Any], other: Mapping[str, Any], whole: Iterable[str] = (), above: str = "") -> str:
    """The first key that two patches set, and not to the same; empty where there is none.

    Lists are joined, but for those whose paths `whole` names.
    """
    for key in sorted(one.keys() & other.keys()):
        a, b, path = one[key], other[key], f"{above}{key}"
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            if found := contradiction(a, b, whole, f"{path}."):
                return found
        elif a != b and not (isinstance(a, list) and isinstance(b, list) and path not in whole):
            return path
    return ""


_MISSING = object()


@dataclass(frozen=True)
class Values:
    """The effective values of a hub, reduced to the allow-list.

    Attributes:
        data: nested, as in values.yaml.
        source: where they were read, as `Secret jhub/hub`.
    """

    data: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""

    def get(self, path: str, default: Any = None) -> Any:
        """The value at a dotted path; the default where it is absent or null."""
        at = self._at(path)
        return default if at is _MISSING or at is None else at

    def has(self, path: str) -> bool:
        """Whether the path is there, even with null."""
        return self._at(path) is not _MISSING

    def mapping(self, path: str) -> dict[str, Any]:
        """A mapping, empty where there is none."""
        value = self.get(path)
        return dict(value) if isinstance(value, Mapping) else {}

    def items(self, path: str) -> list[Any]:
        """A list, empty where there is none."""
        value = self.get(path)
        return list(value) if isinstance(value, list) else []

    def enabled(self, path: str, default: bool = False) -> bool:
        """A boolean."""
        value = self.get(path)
        return value if isinstance(value, bool) else default

    def integer(self, path: str) -> int | None:
        """A whole number."""
        value = self.get(path)
        return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None

    def _at(self, path: str) -> Any:
        at: Any = self.data
        for part in path.split("."):
            if not isinstance(at, Mapping) or part not in at:
                return _MISSING
            at = at[part]
        return at

    @property
    def traits_in_code(self) -> frozenset[str]:
        """`Class.trait` names that hub.extraConfig sets: what the values say of these is not what runs."""
        return frozenset(str(t) for t in self.items("hub.extraConfig.traits"))
