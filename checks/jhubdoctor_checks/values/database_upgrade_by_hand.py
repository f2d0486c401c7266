"""A database that the next upgrade will not upgrade."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Hub, Severity, Values, check, clean
from jhubdoctor_checks.problems import EXTERNAL, database_address


@check(severity=Severity.INFO)
def database_upgrade_by_hand(hub: Hub, values: Values) -> Iterator[Finding]:
    """The tables of an external database are not upgraded with the chart."""
    kind = values.get("hub.db.type")
    if kind not in EXTERNAL or values.get("hub.db.upgrade") is not None or not database_address(values):
        return
    yield Finding(
        on=(hub.ref,),
        says="an upgrade of the chart that changes the database's tables will leave the hub unable to start",
        evidence=(
            ("values", f"hub.db.type: {clean(str(kind), 20)}"),
            ("values", "hub.db.upgrade: null, which upgrades SQLite alone"),
        ),
        fix=Fix(
            "Back the database up before the next major version of the chart, and let that upgrade change the tables.",
            values={"hub": {"db": {"upgrade": True}}},
        ),
    )
