"""What a fact reads with: the reads that it declared, and no others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from jhubdoctor.model.kube.pods import Pod
from jhubdoctor.privacy.text import clean
from jhubdoctor.sources.once import Once
from jhubdoctor.sources.reader import Reader
from jhubdoctor.sources.reads import READS, Answer, Query, ReadState, Unreadable


class Coverage:
    """What was read in a run, and how it ended."""

    def __init__(self) -> None:
        self._once: Once[Answer] = Once()
        self.rows = self._once.known

    def once(self, query: Query, reader: Reader) -> Answer:
        """The answer to a query: facts that ask for the same, also at the same time, share one read."""
        return self._once(query, reader.answer)


class Look:
    """What a fact reads with. It allows the reads that the fact declared, and raises `Unreadable` where one fails.

    What could only partly be read is returned and noted in `partial`, so that no check passes on the strength of it.
    """

    def __init__(
        self, reader: Reader, allowed: Iterable[str], coverage: Coverage, clock: Callable[[], float] = lambda: 0.0
    ) -> None:
        self._clock = clock
        self._reader = reader
        self._allowed = frozenset(allowed)
        self._coverage = coverage
        self.partial: list[Unreadable] = []
        self.sampled: list[str] = []
        self.queries: list[Query] = []
        self._read = 0.0
        self._since: float | None = None

    def seconds(self) -> float:
        """How long it has been read with, until now."""
        since = self._since
        return self._read + (self._clock() - since if since is not None else 0.0)

    @property
    def now(self) -> datetime:
        """When the cluster was looked at."""
        return self._reader.now()

    def list(
        self,
        read: str,
        namespace: str | None = None,
        *,
        labels: str = "",
        fields: str = "",
        metadata_only: bool = False,
        survey: bool = False,
    ) -> list[Any]:
        """All objects of a read in a namespace, or in all namespaces.

        With `survey` only those that are not well and a sample of the others, where there are very many; what was not
        read in full is said in `sampled`.
        """
        query = Query(read, namespace, "", labels, fields, metadata_only, survey)
        # the answer is everybody's
        return list(self._ask(query).items)

    def get(self, read: str, name: str, namespace: str | None = None) -> Any:
        """One object, None where it does not exist."""
        query = Query(read, namespace, name)
        if not name:
            # no object has an empty name, and asking for it would ask for all of them
            return None
        items = self._ask(query).items
        return items[0] if items else None

    def raw(self, read: str, path: str) -> str:
        """The text behind a path."""
        query = Query(read, name=path)
        return self._ask(query).text

    def log(self, pod: Pod, container: str, *, previous: bool = False, survey: bool = False) -> str:
        """The end of a container's log, redacted; with `survey` its last lines. Empty where it has not started."""
        name = f"{pod.name}/{container}" + ("/previous" if previous else "")
        query = Query("pods/log", pod.namespace, name, survey=survey)
        return self._ask(query).text

    def _ask(self, query: Query) -> Answer:
        if query.read not in self._allowed or query.read not in READS:
            raise UndeclaredReadError(query)
        self.queries.append(query)
        self._since = self._clock()
        try:
            answer = self._coverage.once(query, self._reader)
        finally:
            self._read, self._since = self.seconds(), None
        if answer.state in {ReadState.OK, ReadState.TRUNCATED, ReadState.MALFORMED} and (
            answer.state is ReadState.OK or answer.items or answer.text
        ):
            if answer.surveyed:
                self.sampled.append(f"{query}: {answer.detail}")
            if answer.state is not ReadState.OK or answer.left_out:
                state = answer.state if answer.state is not ReadState.OK else ReadState.MALFORMED
                self.partial.append(Unreadable(query, state, clean(answer.detail), asked=answer.asked))
            return answer
        raise Unreadable(query, answer.state, clean(answer.detail), asked=answer.asked)


class UndeclaredReadError(AssertionError):
    """A fact read something that it did not declare: a bug, since `rbac` and `unknown` rest on the declaration."""

    def __init__(self, query: Query) -> None:
        super().__init__(f"the fact reads {query.read!r} without declaring it")
