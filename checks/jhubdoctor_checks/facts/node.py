"""What is known of a cluster's nodes as a whole."""

from __future__ import annotations

from jhubdoctor.api import fact


@fact()
def nodes_are_added(autoscaler: object) -> bool:
    """Whether something was seen that adds nodes; for `bool | None` it is None where nobody could look."""
    return autoscaler is not None
