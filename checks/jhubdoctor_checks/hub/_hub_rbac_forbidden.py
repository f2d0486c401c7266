"""What the roles of the namespace let the hub do."""

from collections.abc import Iterable, Iterator

from jhubdoctor.api import Evidence, Hub, Role, RoleBinding
from jhubdoctor_checks.texts.rbac import Forbidden

# templates/hub/rbac.yaml of the chart, 0.9 to 4.4; without events every spawn fails too
_NEEDS = {"pods": ("create", "delete", "get", "list", "watch"), "events": ("list", "watch")}


def given(hub: Hub, account: str, roles: list[Role] | None, bindings: list[RoleBinding] | None) -> Iterator[Evidence]:
    """What the namespace's own roles give the account."""
    if roles is None or bindings is None:
        return
    own = _of(account, hub, bindings)
    if not own:
        yield Evidence("rolebinding", f"none in {hub.namespace} names the service account {account}")
        return
    known = {r.name: r for r in roles}
    for b in own:
        role = known.get(b.role_ref.name) if b.role_ref.kind == "Role" else None
        if role is None:
            missing = "" if b.role_ref.kind != "Role" else ", which does not exist"
            yield Evidence("rolebinding", f"{b.name}: gives it {b.role_ref.kind} {b.role_ref.name}{missing}")
            continue
        for resource, verbs in _NEEDS.items():
            given = {v for r in role.rules if {resource, "*"} & set(r.resources) for v in r.verbs}
            lacking = [v for v in verbs if not {v, "*"} & given]
            if lacking:
                yield Evidence("role", f"{role.name}: no right to {', '.join(lacking)} {resource}")


def allowed(
    hub: Hub, rights: Iterable[Forbidden], roles: list[Role] | None, bindings: list[RoleBinding] | None
) -> bool:
    """Whether the namespace's own roles give all of these rights by now: the API server asks them at each request."""
    if roles is None or bindings is None:
        return False
    known = {r.name: r for r in roles}
    return all(
        any(
            {right.resource, "*"} & set(rule.resources)
            and {right.group, "*"} & set(rule.api_groups)
            and {right.verb, "*"} & set(rule.verbs)
            and not rule.resource_names
            for b in _of(right.service_account[1], hub, bindings)
            if b.role_ref.kind == "Role" and b.role_ref.name in known
            for rule in known[b.role_ref.name].rules
        )
        for right in rights
    )


def _of(account: str, hub: Hub, bindings: list[RoleBinding]) -> list[RoleBinding]:
    """The bindings of a service account of the hub's namespace."""
    return [
        b
        for b in bindings
        if any(
            s.kind == "ServiceAccount" and s.name == account and s.namespace in {"", hub.namespace} for s in b.subjects
        )
    ]
