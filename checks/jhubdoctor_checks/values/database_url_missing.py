"""A database of one's own without an address."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Hub, Severity, Values, check, clean
from jhubdoctor_checks.problems import database_url


@check(severity=Severity.ERROR)
def database_url_missing(hub: Hub, values: Values) -> Iterator[Finding]:
    """The hub is to use a database of its own, and no address of it is set."""
    problem = database_url(values)
    if problem is None:
        return
    yield Finding(
        on=(hub.ref,),
        says=problem.says,
        evidence=(
            ("values", f"hub.db.type: {clean(str(values.get('hub.db.type')), 20)}"),
            ("values", "hub.db.url: not set"),
        ),
        fix=Fix(
            problem.fix,
            values=problem.values,
            commands=(hub.helm_upgrade,),
            caution="The hub starts with another database: users, tokens and groups of the present one are not moved.",
        ),
    )
