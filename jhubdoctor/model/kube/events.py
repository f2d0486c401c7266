"""Events."""

from __future__ import annotations

import re
from datetime import datetime
from typing import ClassVar

import msgspec

from jhubdoctor.model.kube.meta import Object, Struct


class EventSeries(Struct):
    """series."""

    count: int = 0
    last_observed_time: datetime | None = None


class InvolvedObject(Struct):
    """involvedObject."""

    api_version: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""
    field_path: str = ""


class EventSource(Struct):
    """source."""

    component: str = ""
    host: str = ""


class Event(Object):
    """A v1 Event."""

    KIND: ClassVar[str] = "Event"

    involved_object: InvolvedObject = msgspec.field(default_factory=InvolvedObject)
    reason: str = ""
    message: str = ""
    type: str = ""
    count: int = 0
    source: EventSource = msgspec.field(default_factory=EventSource)
    reporting_component: str = ""
    series: EventSeries | None = None
    last_timestamp: datetime | None = None
    event_time: datetime | None = None
    first_timestamp: datetime | None = None

    @property
    def at(self) -> datetime:
        """When it was last seen. Events of the scheduler have eventTime alone, so the order of these matters."""
        series = self.series.last_observed_time if self.series else None
        return series or self.last_timestamp or self.event_time or self.first_timestamp or self.created

    @property
    def began(self) -> datetime:
        """When it was first seen."""
        return self.first_timestamp or self.event_time or self.at

    @property
    def times(self) -> int:
        """How often it was seen."""
        return max(self.count, self.series.count if self.series else 0, 1)

    @property
    def about(self) -> tuple[str, str]:
        """Kind and name of the object that it is about."""
        return (self.involved_object.kind, self.involved_object.name)

    @property
    def container(self) -> str:
        """The container that it is about, from a field path such as `spec.containers{notebook}`."""
        name = re.search(r"\{([^}]*)\}", self.involved_object.field_path)
        return name[1] if name else ""
