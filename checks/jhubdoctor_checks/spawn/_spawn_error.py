"""Exceptions with which spawns fail that are neither a refusal nor a matter of time."""

import re

from jhubdoctor.api import Spawn
from jhubdoctor_checks.texts import Known, known
from jhubdoctor_checks.texts.jupyterhub import SPAWN_ERROR, SPAWN_ERRORS

# What a hook or profile raises on purpose to say no: HTTP 4xx.
ON_PURPOSE = r"(?:tornado\.web\.)?HTTPError: HTTP 4\d\d|^HTTP 4\d\d: |SpawnException"


def error_of(error: str) -> Known[None]:
    """The kind of an exception."""
    return known(SPAWN_ERRORS, error) or SPAWN_ERROR


def cause_of(spawn: Spawn) -> str:
    """A stable word for the exception with which a spawn failed."""
    word = error_of(spawn.error).word
    # the class of the exception, without its module and its text
    name = re.match(r"[\w.]+", spawn.error)
    return f"{word} {name[0].rpartition('.')[2]}" if word == "exception" and name else word
