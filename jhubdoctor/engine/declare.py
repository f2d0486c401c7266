"""Facts and checks, declared by decorators that register nothing.

A parameter's name says which fact it wants, as with pytest's fixtures; everything else (what is read, which rights that
needs, why a check could not look) follows from that.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from jhubdoctor.model.finding import Finding, Severity
from jhubdoctor.sources.reads import READS


class NotApplicable(Exception):  # noqa: N818  - a result, not a fault of the program
    """Raised by a fact or a check: there is nothing to look at here. The text says why ("... is off in the values")."""


class CannotSay(Exception):  # noqa: N818  - a result, not a fault of the program
    """Raised by a check: what it has found so far is all that it can tell without these of its optional parameters.

    Where one of them could not be read, and nothing was found, the check is unknown. Where none of them is to be had
    here (`NotApplicable`), it has looked at all there is.
    """

    def __init__(self, *without: str) -> None:
        super().__init__(", ".join(without))
        self.without = without


class Rung(IntEnum):
    """How far an object gets on its way to serve users: each step needs those before it.

    A claim, the release and the hub climb the same ladder as a pod does, each over the rungs that it has.
    """

    GIVEN = 0
    """What is asked for: values, images, rights, nodes, classes, Secrets."""
    ALLOWED = 1
    """The API server takes it: admission, quotas, rights; the cloud gives a node for it."""
    PLACED = 2
    """It has a node."""
    BOUND = 3
    """Its claims have volumes."""
    MOUNTED = 4
    """Its volumes, Secrets and ConfigMaps are there, and it has a network."""
    PULLED = 5
    """Its images are there."""
    STARTED = 6
    """Its containers start, with what they need to go on: memory, settings, what they talk to."""
    UP = 7
    """They keep running."""
    REACHED = 8
    """It is ready for others, and stays so."""
    TOLD = 9
    """What others make of it: the hub says that a server did not start, Helm that a release failed."""
    SERVED = 10
    """Users get what they ask for: starts, logins and requests come to a good end. Here the vital signs are counted."""


@dataclass(frozen=True)
class Need:
    """One parameter: the fact's name, and whether the function runs without it."""

    fact: str
    optional: bool


@dataclass(frozen=True)
class Fact:
    """A named, typed value about the cluster, or about one hub."""

    name: str
    function: Callable[..., Any]
    reads: tuple[str, ...]
    needs: tuple[Need, ...]
    looks: bool
    """Whether it takes the parameter `look`, with which facts read."""
    optional: tuple[str, ...] = ()
    """Reads that it makes only where something asks for them, or can do without."""
    passes_only_with: tuple[str, ...] = ()
    """Optional parameters without which something may be missing in it."""


@dataclass(frozen=True)
class Check:
    """A pure function of facts that yields findings."""

    id: str
    area: str
    title: str
    function: Callable[..., Iterable[Finding]]
    severity: Severity
    explains: tuple[str, ...]
    needs: tuple[Need, ...]
    module: str
    complete: tuple[str, ...] = ()
    """Facts that it must see whole: its findings say that something is not among them."""
    passes_only_with: tuple[str, ...] = ()
    fires_only_with: tuple[str, ...] = ()
    """Optional parameters that it finds without, and is not well without."""
    at: Rung | None = None
    """The rung at which what its findings are about fails."""
    stops: Rung | None = None
    """The first rung that what its findings affect does not reach."""
    bars: bool = False
    """Whether no pod that ends is made anew while an error of it lasts: the fixes that end pods wait for its own."""
    symptom: bool = False
    """Whether its findings stand under what explains them: they say that something fails, not why."""

    @property
    def judges_rules(self) -> bool:
        """Whether it is about the suppressions: what it finds cannot be suppressed, and it comes after all others."""
        return any(n.fact == "suppressions" for n in self.needs)

    def __call__(self, *args: Any, **kwargs: Any) -> Iterable[Finding]:
        """Call the function itself, for tests."""
        return self.function(*args, **kwargs)


def _needs(function: Callable[..., Any]) -> tuple[Need, ...]:
    hints = typing.get_type_hints(function)
    needs = []
    for name in inspect.signature(function).parameters:
        if name == "look":
            continue
        needs.append(Need(name, _holds_none(hints.get(name))))
    return tuple(needs)


def _holds_none(hint: Any) -> bool:
    """Whether an annotation is `X | None`."""
    return typing.get_origin(hint) in {typing.Union, types.UnionType} and type(None) in typing.get_args(hint)


def _optional(owner: str, needs: tuple[Need, ...], names: tuple[str, ...]) -> tuple[str, ...]:
    """These names, all of which must be optional parameters."""
    if strange := set(names) - {n.fact for n in needs if n.optional}:
        raise ValueError(f"{owner} passes only with {min(strange)!r}, which is no optional parameter of it")
    return names


def fact(
    *reads: str, optional: tuple[str, ...] = (), passes_only_with: tuple[str, ...] = ()
) -> Callable[[Callable[..., Any]], Fact]:
    """Declare a fact and the reads (names in `jhubdoctor.sources.reads.READS`) that it makes itself.

    `optional` are reads that it makes only where something it has seen asks for them, or whose failure it catches
    itself: usually it is a fact without them. `passes_only_with` are optional parameters without which something may
    be missing in it: then what is in it can be found, and no check passes for want of more.
    The function's parameters are other facts, and `look: Look` where it reads. It never gives None, which is what a
    parameter gets where nobody could look: what is not there is an empty value.

    Raises:
        ValueError: for a read that there is not, a value that may be None, a parameter that is not optional.
    """
    unknown = [r for r in (*reads, *optional) if r not in READS]
    if unknown:
        raise ValueError(f"no such read: {', '.join(unknown)}")

    def declare(function: Callable[..., Any]) -> Fact:
        looks = "look" in inspect.signature(function).parameters
        name, needs = function.__name__, _needs(function)
        if _holds_none(typing.get_type_hints(function).get("return")):
            raise ValueError(f"the fact {name} may be None, which says that nobody could look: give an empty value")
        firm = _optional(f"the fact {name}", needs, passes_only_with)
        return Fact(name, function, reads, needs, looks, optional, firm)

    return declare


def check(
    *,
    severity: Severity,
    at: Rung | None = None,
    stops: Rung | None = None,
    symptom: bool = False,
    bars: bool = False,
    explains: tuple[str, ...] = (),
    complete: tuple[str, ...] = (),
    passes_only_with: tuple[str, ...] = (),
    fires_only_with: tuple[str, ...] = (),
) -> Callable[[Callable[..., Iterable[Finding]]], Check]:
    """Declare a check.

    Its id is the function's name with dashes, its area is the folder of its module, its title is the docstring's first
    line. What a finding is about fails `at` a rung, what it affects from the rung `stops` on; a `symptom` on such an
    object that fails further up is folded under it (`jhubdoctor.engine.fold`). `explains` names checks whose findings
    are folded wherever they are about the same objects: for what no rung tells, each with its reason beside it.
    `complete` names the facts (its own, or those of its facts) of which its findings say that something is not there:
    where one was read in part (a page of its list failed), the check is unknown, whatever it found.
    `bars` is for what keeps every new pod from being made: in a report, fixes that end pods wait for this one's.
    `passes_only_with` names optional parameters: a finding may do without them, `ok` may not.
    `fires_only_with` names facts that acquit: `ok` may do without them, a finding may not.

    Raises:
        ValueError: where one of these is no optional parameter, or a symptom does not say `at` which rung it fails.
    """
    if symptom and at is None:
        raise ValueError("A symptom says at which rung it fails: add at=Rung....")

    def declare(function: Callable[..., Iterable[Finding]]) -> Check:
        title = (inspect.getdoc(function) or "").split("\n", 1)[0].strip()
        needs = _needs(function)
        return Check(
            id=function.__name__.replace("_", "-"),
            area=function.__module__.rpartition(".")[0].rpartition(".")[2],
            title=title,
            function=function,
            severity=severity,
            explains=explains,
            needs=needs,
            module=function.__module__,
            complete=complete,
            passes_only_with=_optional(f"the check {function.__name__}", needs, passes_only_with),
            fires_only_with=fires_only_with,
            at=at,
            stops=stops,
            symptom=symptom,
            bars=bars,
        )

    return declare
