"""What nodes say of themselves: the kubelet, the node controller, and node-problem-detector where it runs."""

from __future__ import annotations

from jhubdoctor.api import Event, Look, fact

# Nodes lie in no namespace, and the events about them in this one.
NAMESPACE = "default"


@fact("events")
def node_events(look: Look) -> list[Event]:
    """The events about nodes, newest first."""
    found = look.list("events", NAMESPACE, fields="involvedObject.kind=Node")
    return sorted(found, key=lambda e: e.at, reverse=True)
