"""What an upgrade takes: the steps in their order, and what of the values breaks on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jhubdoctor.facts.helm import Listed
from jhubdoctor.model.finding import Severity
from jhubdoctor.model.values import Values

_ABSENT = object()


@dataclass(frozen=True)
class Given:
    """The values that an upgrade starts from.

    Attributes:
        values: what somebody set, reduced to the allow-list.
        outline: every key that they set, and for each value one of the same type; None where there are too many keys.
        source: where they were read.
        supplied: whether they hold what was set and nothing else; effective values hold the chart's defaults as well.
        objects: what the release holds that runs with them; None where nobody could see it.
        beside: what else the chart above the hub's holds, by name.
        chart: the release of the chart that they are in use with, where there is no cluster that says it.
        root: the dotted key under which they lie, where the chart depends on the hub's; paths in a plan begin with it.
        parent: the name of the chart above the hub's, where there is one and it is known.
        above: an outline of what that chart has by itself for the hub, with the defaults of the hub's own chart.
        above_values: those values, reduced to the allow-list.
    """

    values: Values = field(default_factory=Values)
    outline: Mapping[str, Any] | None = None
    source: str = ""
    supplied: bool = True
    root: str = ""
    chart: str = ""
    objects: tuple[Listed, ...] | None = None
    beside: tuple[str, ...] = ()
    parent: str = ""
    above: Mapping[str, Any] | None = None
    above_values: Mapping[str, Any] = field(default_factory=dict)

    def at(self, path: str, default: Any = None) -> Any:
        """What the outline has at a dotted path; the default where there is no such key."""
        at: Any = self.outline
        for key in path.split("."):
            if not isinstance(at, Mapping) or key not in at:
                return default
            at = at[key]
        return at

    def has(self, path: str) -> bool:
        """Whether a key is there, with null too."""
        return self.at(path, _ABSENT) is not _ABSENT

    def sets(self, path: str) -> bool:
        """Whether a key is set, to anything but null."""
        return self.at(path) is not None


@dataclass(frozen=True)
class Target:
    """Where to: the minor of Kubernetes, the version of the chart; None and empty for what stays."""

    kubernetes: int | None = None
    chart: str = ""


@dataclass(frozen=True)
class Problem:
    """Something in the values that the chart to upgrade to does not take.

    Attributes:
        path: the key.
        says: what is wrong with it, one sentence without its final full stop.
        fix: what to do.
        severity: `error` where Helm refuses it or the hub does not work with it.
        values: the patch, where it can be told.
        source: where the rule comes from.
    """

    path: str
    says: str
    fix: str
    severity: Severity = Severity.ERROR
    values: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True)
class Change:
    """A breaking change of one release of the chart, as it concerns these values.

    Attributes:
        since: the release that brings it.
        says: what changes.
        action: what to do about it.
        touches: the keys that it concerns; empty for what concerns every hub.
        severity: `error` where the upgrade fails or the hub does not work without the action.
        source: where it is told.
        refused: whether Helm refuses values for which this is not done.
    """

    since: str
    says: str
    action: str
    touches: tuple[str, ...] = ()
    severity: Severity = Severity.WARNING
    source: str = ""
    refused: bool = False


@dataclass(frozen=True)
class Step:
    """One step: `chart` or `kubernetes`, from one version to another, why it comes here, and what it breaks.

    Attributes:
        before: what has to be so before its commands, each a sentence.
        commands: in the order in which to run them.
        restarts: what it interrupts, sentences.
        check: the commands that say afterwards whether it went well.
    """

    kind: str
    start: str
    end: str
    why: str = ""
    changes: tuple[Change, ...] = ()
    commands: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    restarts: str = ""
    check: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """The upgrade of one hub.

    Attributes:
        hub: its label, empty where there is no cluster.
        start: chart and Kubernetes as they are, empty where unknown.
        target: chart and Kubernetes as they shall be.
        steps: in the order in which to do them.
        problems: with the values, for the chart to upgrade to.
        blocked: why the target cannot be reached, as far as is known.
        notices: what was not judged.
        schema: whether the values were held against the schema of the chart to upgrade to.
        values: where the values were read.
    """

    hub: str
    start: Mapping[str, str]
    target: Mapping[str, str]
    steps: tuple[Step, ...] = ()
    problems: tuple[Problem, ...] = ()
    blocked: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    schema: bool = False
    values: str = ""

    @property
    def taken(self) -> bool:
        """Whether the schema of the chart takes the values, and nothing else is known that stops Helm at them."""
        refused = any(c.refused for s in self.steps for c in s.changes)
        return self.schema and not refused and not any(p.severity is Severity.ERROR for p in self.problems)

    @property
    def severities(self) -> list[Severity]:
        """The severities of all that the values break."""
        changes = [c.severity for s in self.steps for c in s.changes if c.touches]
        return [*(p.severity for p in self.problems), *changes, *(Severity.ERROR for _ in self.blocked)]
