"""Exceptions of the hub's database, in its log: SQLAlchemy's, and those of the drivers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from jhubdoctor.api import HubLog, Raised, fact

_MODULES = re.compile(
    r"(?:sqlalchemy|psycopg2?|pymysql|MySQLdb|_mysql_exceptions|mysql|asyncpg|aiomysql|sqlite3|pg8000|oracledb|pyodbc)\."
)
# SQLAlchemy puts the driver's class before its text: `(pymysql.err.OperationalError) (2013, 'Lost connection ...')`
_DRIVER = re.compile(r"\((?P<driver>[A-Za-z_]\w*(?:\.\w+){1,4})\) ?(?P<text>.*)")


@dataclass(frozen=True)
class DatabaseError:
    """One exception.

    Attributes:
        at: when.
        kind: its class without its module, as `OperationalError`.
        driver: the driver's class with its module, empty where SQLAlchemy raised it by itself.
        text: its text, without the statement.
    """

    at: datetime
    kind: str
    driver: str = ""
    text: str = ""


def is_database(exception: Raised | None) -> bool:
    """Whether an exception is SQLAlchemy's or a driver's."""
    return exception is not None and _MODULES.match(exception.name) is not None


@fact()
def database_errors(hub_log: HubLog) -> tuple[DatabaseError, ...]:
    """Those of the hub's present run that were logged with a traceback, oldest first.

    Without one the hub tells of the same exception again (`Rolling back session due to database error`), or has
    mended the connection itself.
    """
    found = []
    for e in hub_log.current:
        exception = e.raised if e.at and e.more else None
        if e.at is None or exception is None or not is_database(exception):
            continue
        m = _DRIVER.match(exception.message)
        found.append(
            DatabaseError(
                e.at, exception.kind, m["driver"] if m else "", (m["text"] if m else exception.message).strip()
            )
        )
    return tuple(found)
