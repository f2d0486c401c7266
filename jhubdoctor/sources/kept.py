"""The answers of a run, kept while it reads, and given back."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from jhubdoctor.model.hub import Scope
from jhubdoctor.sources.reader import Reader
from jhubdoctor.sources.reads import Answer, Query, ReadState


@dataclass
class Collected:
    """The answers of a run, and the circumstances that a report tells.

    Attributes:
        answers: what was asked, and what came of it.
        taken_at: when, by the cluster's clock.
        context: the kubeconfig context.
        namespace: where the context points.
        scope: where the run was told to look.
        source: `live`, `bundle` or `demo`.
        notices: what every report of it must say.
        requests: how many requests it took.
        bytes_read: how much was read.
        users: how user names were replaced: empty where they were not.
    """

    answers: dict[Query, Answer]
    taken_at: datetime
    context: str = ""
    namespace: str = "default"
    scope: Scope = field(default_factory=Scope)
    source: str = "bundle"
    notices: tuple[str, ...] = ()
    requests: int = 0
    bytes_read: int = 0
    users: str = ""

    def reader(self) -> Reader:
        """A reader that answers from it."""
        return KeptReader(self)


class Recorder(Reader):
    """Another reader, whose answers are kept."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._lock = threading.Lock()
        self.answers: dict[Query, Answer] = {}
        self.source = reader.source
        self.context = reader.context
        self.namespace = reader.namespace

    def collected(self, scope: Scope) -> Collected:
        """What was answered so far."""
        reader = self._reader
        return Collected(
            answers=dict(self.answers),
            taken_at=reader.now(),
            context=reader.context,
            namespace=reader.namespace,
            scope=scope,
            source=reader.source,
            notices=reader.notices,
            requests=reader.requests,
            bytes_read=reader.bytes_read,
        )

    def close(self) -> None:
        """Close the other."""
        self._reader.close()

    def cancel(self) -> None:
        """Cancel the other."""
        self._reader.cancel()

    def expect(self, hubs: Mapping[str, Collection[str]]) -> None:
        """Tell the other."""
        self._reader.expect(hubs)

    def now(self) -> datetime:
        """The other's time."""
        return self._reader.now()

    def answer(self, query: Query) -> Answer:
        """The other's answer."""
        answer = self._reader.answer(query)
        with self._lock:
            self.answers[query] = answer
        return answer


class KeptReader(Reader):
    """Answers that were kept. What was not asked then is not there now."""

    def __init__(self, kept: Collected) -> None:
        self._kept = kept
        self.source = kept.source
        self.context = kept.context
        self.namespace = kept.namespace
        self.notices = kept.notices
        self.requests = kept.requests
        self.bytes_read = kept.bytes_read

    @property
    def scope(self) -> Scope:
        """Where the run that was kept looked."""
        return self._kept.scope

    def now(self) -> datetime:
        """When the answers were taken."""
        return self._kept.taken_at

    def answer(self, query: Query) -> Answer:
        """The answer that was kept."""
        return self._kept.answers.get(query) or Answer(ReadState.ABSENT, [], detail="not in this bundle", asked=False)
