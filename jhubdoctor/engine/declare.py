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
    spare: tuple[str, ...] = ()
    """Reads that it makes only where something asks for them, or can do without."""
    may_be_none: bool = False
    """Whether None is a value of it: then `X | None` is its type, and does not make a parameter optional."""


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
    whole: tuple[str, ...] = ()
    """Facts that it must see whole: its findings say that something is not among them."""
    at: Rung | None = None
    """The rung at which what its findings are about fails."""
    stops: Rung | None = None
    """The first rung that what its findings affect does not reach."""
    symptom: bool = False
    """Whether its findings stand under what explains them: they say that something fails, not why."""

    def __call__(self, *args: Any, **kwargs: Any) -> Iterable[Finding]:
        """Call the function itself, for tests."""
        return self.function(*args, **kwargs)


def _needs(function: Callable[..., Any]) -> tuple[Need, ...]:
    hints = typing.get_type_hints(function)
    found = []
    for name in inspect.signature(function).parameters:
        if name == "look":
            continue
        found.append(Need(name, _holds_none(hints.get(name))))
    return tuple(found)


def _holds_none(hint: Any) -> bool:
    """Whether an annotation is `X | None`."""
    return typing.get_origin(hint) in {typing.Union, types.UnionType} and type(None) in typing.get_args(hint)


def fact(*reads: str, spare: tuple[str, ...] = ()) -> Callable[[Callable[..., Any]], Fact]:
    """Declare a fact and the reads (names in `jhubdoctor.sources.reads.READS`) that it makes itself.

    `spare` are reads that it makes only where something it has seen asks for them, or whose failure it catches itself:
    usually it is a fact without them.
    The function's parameters are other facts, and `look: Look` where it reads.
    """
    unknown = [r for r in (*reads, *spare) if r not in READS]
    if unknown:
        raise ValueError(f"no such read: {', '.join(unknown)}")

    def declare(function: Callable[..., Any]) -> Fact:
        looks = "look" in inspect.signature(function).parameters
        may_be_none = _holds_none(typing.get_type_hints(function).get("return"))
        return Fact(function.__name__, function, reads, _needs(function), looks, spare, may_be_none)

    return declare


def check(
    *,
    severity: Severity,
    at: Rung | None = None,
    stops: Rung | None = None,
    symptom: bool = False,
    explains: tuple[str, ...] = (),
    whole: tuple[str, ...] = (),
) -> Callable[[Callable[..., Iterable[Finding]]], Check]:
    """Declare a check.

    Its id is the function's name with dashes, its area is the folder of its module, its title is the docstring's first
    line. What a finding is about fails `at` a rung, what it affects from the rung `stops` on; a `symptom` on such an
    object that fails further up is folded under it (`jhubdoctor.engine.fold`). `explains` names checks whose findings
    are folded wherever they are about the same objects: for what no rung tells, each with its reason beside it.
    `whole` names the facts (its own, or those of its facts) of which its findings say that something is not there:
    where one was read in part (a page of its list failed), the check is unknown, whatever it found.

    Raises:
        ValueError: where a symptom does not say `at` which rung it fails.
    """
    if symptom and at is None:
        raise ValueError("A symptom says at which rung it fails: add at=Rung....")

    def declare(function: Callable[..., Iterable[Finding]]) -> Check:
        title = (inspect.getdoc(function) or "").split("\n", 1)[0].strip()
        return Check(
            id=function.__name__.replace("_", "-"),
            area=function.__module__.rpartition(".")[0].rpartition(".")[2],
            title=title,
            function=function,
            severity=severity,
            explains=explains,
            needs=_needs(function),
            module=function.__module__,
            whole=whole,
            at=at,
            stops=stops,
            symptom=symptom,
        )

    return declare
