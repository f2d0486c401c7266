"""From a text that somebody pastes to the checks that know it, best first."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from jhubdoctor.commands.messages import Message, messages
from jhubdoctor.engine import notes
from jhubdoctor.engine.declare import Check
from jhubdoctor.engine.registry import Registry

MOST = 5
# Of a long log the end is searched.
MOST_LINES = 400
# Of the weight of a text's words: what is less has a word or two in common by chance.
LEAST = 0.4
# What has less than this part of the best one's score is no answer beside it.
NEAR_THE_BEST = 0.6
# What a note says in passing counts less than what it quotes, and that less than what it is called.
IN_PROSE = 0.4
NAMED = 1.2
# A word that no check knows is most often a name: it counts, but less than the rarest that one knows.
UNKNOWN = 0.25
# A text that is known word by word.
VERBATIM = 0.5
_WORD = re.compile(r"[a-z][a-z0-9]+|4[0-3]\d\b|5[01]\d\b")
_STOP = frozenset(
    "the and for that this with from has have not are was were been its it is in of to on or by at as be an if no so "
    "we you your can could will would which who when why how what but all any one there then than them they our out "
    "into over does did do my get got see use used".split()
)


@dataclass(frozen=True)
class Hit:
    """A check that knows a text.

    Attributes:
        check: the check.
        text: of what it knows the part that is nearest; empty where only the words of its note are.
        says: what that means.
    """

    check: Check
    text: str
    says: str


@dataclass(frozen=True)
class _Known:
    """What is known of one check, as words with their weight."""

    check: Check
    messages: list[Message]
    prose: str
    weights: dict[str, float]


class Index:
    """What all checks know, to be searched.

    Args:
        registry: the checks.
    """

    def __init__(self, registry: Registry) -> None:
        of: dict[str, list[Message]] = {}
        for message in messages(registry):
            for i in message.checks:
                of.setdefault(i, []).append(message)
        self._known = [_known(c, of.get(c.id, [])) for c in registry.checks.values()]
        self._frequency = Counter(w for k in self._known for w in k.weights)

    def find(self, text: str) -> list[Hit]:
        """The checks that know a text, best first; none where nothing fits.

        What counts is the part of a text that a check knows: by the words that few notes have, and more so by a
        pattern that matches. Of several lines each counts for itself.
        """
        lines = [line for line in text.splitlines() if line.strip()][-MOST_LINES:]
        rated = [(max((self._score(k, line) for line in lines), default=0.0), k) for k in self._known]
        rated = sorted((r for r in rated if r[0] >= LEAST), key=lambda r: (-r[0], r[1].check.id))[:MOST]
        return [self._hit(k, lines) for score, k in rated if score >= NEAR_THE_BEST * rated[0][0]]

    def _score(self, known: _Known, line: str) -> float:
        query = _words(line)
        if not (whole := sum(map(self._weight, query))):
            return 0.0
        shared = sum(known.weights.get(w, 0.0) * self._weight(w) for w in query) / whole
        matched = max((self._matched(m, line) for m in known.messages), default=0.0) / whole
        return shared + matched + (VERBATIM if _bare(line) in known.prose else 0.0)

    def _weight(self, word: str) -> float:
        """The fewer checks know a word, the more it tells."""
        of = len(self._known)
        return math.log(1 + of / found) if (found := self._frequency[word]) else UNKNOWN * math.log(1 + of)

    def _matched(self, message: Message, line: str) -> float:
        """The weight of the words by which a pattern matches a line; a table of many checks says less of each."""
        if message.pattern is None or not (m := message.pattern.search(line)):
            return 0.0
        return sum(map(self._weight, _words(m[0]) & _words(" ".join(message.texts)))) / math.sqrt(len(message.checks))

    def _hit(self, known: _Known, lines: Iterable[str]) -> Hit:
        """With the message that is nearest to the text."""
        query = _words(" ".join(lines))

        def near(text: str, message: Message) -> tuple[float, float]:
            words = _words(text)
            weight = sum(map(self._weight, words & query))
            return max(self._matched(message, line) for line in lines) + weight, -float(len(words))

        rated = [(*near(t, m), t, m.says) for m in known.messages for t in m.texts]
        weight, _, text, says = max(rated, default=(0.0, 0.0, "", ""))
        return Hit(known.check, text, says) if weight else Hit(known.check, "", known.check.title)


def _known(check: Check, found: list[Message]) -> _Known:
    note = notes.of(check)
    prose = " ".join([note.intro, *(note.sections.get(h, "") for h in ("What it means", "Common causes"))])
    told = [t for m in found for t in m.texts]
    weights = dict.fromkeys(_words(prose), IN_PROSE) | dict.fromkeys(_words(" ".join([check.title, *told])), 1.0)
    parts = check.id.split("-")
    # Kubernetes writes OOMKilled where an id has oom-killed
    name = _words(" ".join([check.id, *map("".join, itertools.pairwise(parts))]))
    return _Known(check, found, _bare("\n".join([prose, *told])), weights | dict.fromkeys(name, NAMED))


def _bare(text: str) -> str:
    """A text that is the same whatever the numbers, the letters' case and the blanks."""
    return " ".join(re.sub(r"\d+", "0", text).casefold().split())


def _words(text: str) -> frozenset[str]:
    """The words of a text, and the codes of HTTP errors; other numbers differ from one time to the next."""
    return frozenset(_WORD.findall(text.casefold())) - _STOP
