"""The most that one pod of a hub can be given, and what says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Bound:
    """An amount in base units (cores, bytes), and what does not take more: `the LimitRange range`."""

    most: Decimal
    by: str


@dataclass(frozen=True)
class Bounds:
    """The most of each resource, as far as anything is known.

    Attributes:
        requests: that any pod may ask for.
        users: that a user's pod may, where only some nodes are for users.
        limits: to which any pod may be limited.
        claims: that a claim may have, under `storage`.
    """

    requests: Mapping[str, Bound] = field(default_factory=dict)
    users: Mapping[str, Bound] = field(default_factory=dict)
    limits: Mapping[str, Bound] = field(default_factory=dict)
    claims: Mapping[str, Bound] = field(default_factory=dict)
