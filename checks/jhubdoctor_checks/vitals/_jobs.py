"""Which Jobs are of one kind."""

import re


def kind_of(job: str) -> str:
    """What the Jobs of one CronJob have in common: their names end with the minute that they were meant for."""
    return re.sub(r"-\d{6,}$", "", job)
