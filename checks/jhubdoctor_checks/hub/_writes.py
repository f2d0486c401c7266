"""Whether the hub wrote to its database after it could not."""

import re
from collections.abc import Collection

from jhubdoctor.api import Entry, HubLog

# Both write to the hub's database, whatever else they do (JupyterHub's app.py and handlers/base.py, 1.0 to 6.0).
_WROTE = r"JupyterHub is now running|User .+ took [\d.]+ seconds to start"


def wrote_again(hub_log: HubLog, failures: Collection[Entry]) -> bool:
    """Whether the hub wrote to its database after the last of these failures, and that once only.

    What comes back after the hub has written comes back again: then that it wrote proves nothing.
    """
    failed = {id(e) for e in failures}
    streaks, failing = 0, False
    for e in hub_log.entries:
        if id(e) in failed:
            streaks += not failing
            failing = True
        elif re.match(_WROTE, e.message):
            failing = False
    return streaks == 1 and not failing
