"""Which release Helm takes an object for."""

from jhubdoctor.api import Hub, Object, clean

NAME, NAMESPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"


def foreign(hub: Hub, item: Object) -> bool:
    """Whether it belongs to another release."""
    name, namespace = item.annotations.get(NAME), item.annotations.get(NAMESPACE)
    return bool(name and namespace) and (name != hub.release or namespace != hub.namespace)


def owner(item: Object) -> tuple[tuple[str, str], ...]:
    """The release that it belongs to, as evidence."""
    name, namespace = item.annotations.get(NAME), item.annotations.get(NAMESPACE)
    if not name:
        return ()
    return (
        (item.ref.kind.lower(), f"{item.name}: {NAME} {clean(name, 80)}, {NAMESPACE} {clean(namespace or '', 80)}"),
    )
