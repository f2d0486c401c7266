"""Whether Helm is at work."""

from datetime import datetime, timedelta

from jhubdoctor.api import Revision

PATIENCE = timedelta(minutes=15)
"""Three times Helm's default timeout of five minutes."""


def pending(revision: Revision) -> bool:
    """Whether the revision's status says that an operation is under way: pending-install, pending-upgrade, ..."""
    return revision.status.startswith("pending-") or revision.status == "uninstalling"


def at_work(revision: Revision, now: datetime) -> bool:
    """Whether an operation may really be under way.

    `modified` is by the clock of whoever ran Helm, so it may lie ahead of ours: that is at work too.
    """
    return pending(revision) and now - revision.modified < PATIENCE
