"""What is known of a cluster's nodes as a whole."""

from __future__ import annotations

from jhubdoctor.api import Autoscaler, fact


@fact()
def nodes_are_added(autoscaler: Autoscaler) -> bool:
    """Whether something was seen that adds nodes."""
    return bool(autoscaler)
