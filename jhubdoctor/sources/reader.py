"""What a source of answers is: a live cluster, a bundle, or objects in memory.

Facts never hold a reader: they get a `Look`, which lets them make the reads that they declared, and no others.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from datetime import datetime

from jhubdoctor.sources.reads import Answer, Query


class Reader(ABC):
    """A source of answers. It does not raise for what a cluster can do: that is an answer too.

    Attributes:
        source: `live`, `bundle` or `demo`, for the report.
        context: the kubeconfig context, or the name of the bundle.
        namespace: where the context points.
    """

    source: str = "live"
    context: str = ""
    namespace: str = "default"
    requests: int = 0
    bytes_read: int = 0
    notices: tuple[str, ...] = ()
    """What a report must say of where its answers come from."""

    def close(self) -> None:  # noqa: B027  - most readers hold nothing
        """Let go of what the reader holds. It is not used afterwards."""

    def cancel(self) -> None:  # noqa: B027  - most readers answer at once
        """Make what is still to be read end soon, as out of time. May be called from any thread."""

    def expect(self, hubs: Mapping[str, Collection[str]]) -> None:  # noqa: B027  - most have nothing to prepare
        """Say of which namespaces the same will be asked, and which releases lie there."""

    @abstractmethod
    def now(self) -> datetime:
        """When the cluster was looked at, by its own clock."""

    @abstractmethod
    def answer(self, query: Query) -> Answer:
        """What comes of a query: all objects of a kind in a scope, one object, or a text; `query.asks` says which.

        One object is one item, or none where it does not exist. Texts are redacted; a log is its end, and empty where
        there is none.
        """
