"""Lists of many namespaces, read once for all of them and shared out.

Where a cluster has dozens of hubs, each asks for the same kinds of its own namespace. The API server tells of all
namespaces with one list what it tells of dozens with one each. Who asks does not notice: what comes of a query is what
the namespace alone would have answered. Where a list of all cannot be had, or is much more than the hubs', each
namespace is asked by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from jhubdoctor.sources.once import Once
from jhubdoctor.sources.reads import READS, Answer, Query, ReadState

FEW = 4
"""Namespaces that are asked by themselves: a list of all would hold more of others than it saves."""
PAGES_EACH = 8
"""One page of a list of all is risked for so many namespaces."""
NAMES = 50
"""Releases that one selector names: a URL has its limit."""

_RELEASES = {"helm-secrets", "helm-configmaps"}
_Shared = Mapping[str, list[Any]] | None


class Together:
    """What is read of all namespaces at once.

    Args:
        alone: the answer to a query as it stands.
        pages: the answer to a list of all namespaces, at most so many pages of it; `surveyed` where there are more.
    """

    def __init__(self, alone: Callable[[Query], Answer], pages: Callable[[Query, int], Answer]) -> None:
        self._alone = alone
        self._pages = pages
        self._hubs: Mapping[str, Collection[str]] = {}
        self._lock = threading.Lock()
        self._once: Once[_Shared] = Once()
        self._asked: set[Query] = set()

    def expect(self, hubs: Mapping[str, Collection[str]]) -> None:
        """Say of which namespaces the same will be asked, and which releases lie there."""
        self._hubs = hubs if len(hubs) > FEW else {}

    def answer(self, query: Query) -> Answer:
        """What the namespace of a query would have answered."""
        place = query.name if query.read == "namespaces" else query.namespace
        if place is None or place not in self._hubs or query.asks not in {"list", "object"}:
            return self._alone(query)
        if query.asks == "list":
            shared = self._list(replace(query, namespace=None, survey=False))
            items = None if shared is None else shared.get(place, [])
        else:
            items = self._object(query, place)
        return self._alone(query) if items is None else Answer(ReadState.OK, items)

    def _object(self, query: Query, place: str) -> list[Any] | None:
        """One object by its name, as a list of one or none; None where it must be asked for alone."""
        if query.read in _RELEASES:
            found = self._release(query.read, query.name, place)
            return [found] if found else None
        everywhere = replace(query, namespace=None, name="", fields=f"metadata.name={query.name}")
        if query.read == "namespaces":
            everywhere = Query(query.read)
        with self._lock:
            # a name that one namespace has is no reason to look through all of them
            first = everywhere not in self._asked
            self._asked.add(everywhere)
        shared = None if first else self._list(everywhere)
        return None if shared is None else shared.get(place, [])

    def _release(self, read: str, name: str, place: str) -> Any:
        """A deployed revision of a hub's release, with those of the other hubs; None where it is not among them."""
        releases = sorted({r for found in self._hubs.values() for r in found if r})
        for start in range(0, len(releases), NAMES):
            part = releases[start : start + NAMES]
            if not any(r in part for r in self._hubs[place]):
                continue
            shared = self._list(Query(read, labels=f"owner=helm,status=deployed,name in ({','.join(part)})"))
            for item in (shared or {}).get(place, []):
                if item.name == name:
                    return item
        return None

    def _list(self, query: Query) -> _Shared:
        """A list of all namespaces by namespace, asked for once; None where it is not to be had."""
        return self._once(query, self._divided)

    def _divided(self, query: Query) -> _Shared:
        answer = self._pages(query, max(1, len(self._hubs) // PAGES_EACH))
        if answer.state is not ReadState.OK or answer.left_out or answer.surveyed:
            return None
        divided: dict[str, list[Any]] = {}
        for item in answer.items:
            divided.setdefault(item.namespace if READS[query.read].namespaced else item.name, []).append(item)
        return divided
