"""A database of one's own without an address."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Hub, Severity, Values, check, clean

EXTERNAL = ("mysql", "postgres", "other")


@check(severity=Severity.ERROR)
def database_url_missing(hub: Hub, values: Values) -> Iterator[Finding]:
    """The hub is to use a database of its own, and no address of it is set."""
    kind = values.get("hub.db.type")
    if kind not in EXTERNAL or not has_no_address(values):
        return
    scheme = {"mysql": "mysql+pymysql", "postgres": "postgresql+psycopg2"}.get(str(kind), "DIALECT+DRIVER")
    yield Finding(
        on=(hub.ref,),
        says=f"hub.db.type is {clean(str(kind), 20)} without hub.db.url: the hub writes SQLite inside its container",
        evidence=(("values", f"hub.db.type: {clean(str(kind), 20)}"), ("values", "hub.db.url: not set")),
        fix=Fix(
            "Set the address; the password goes into hub.db.password.",
            values={"hub": {"db": {"url": f"{scheme}://USER@HOST/DATABASE", "upgrade": True}}},
            commands=(hub.helm_upgrade,),
            caution="The hub starts with another database: users, tokens and groups of the present one are not moved.",
        ),
    )


def has_no_address(values: Values) -> bool:
    """Whether no address of a database is set, neither in the values nor in code."""
    elsewhere = "JupyterHub.db_url" in values.traits_in_code or values.get("hub.config.JupyterHub.db_url")
    return not (values.get("hub.db.url") or elsewhere)
