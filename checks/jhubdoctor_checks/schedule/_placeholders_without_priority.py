"""The priority of placeholders and that of users."""

from jhubdoctor.api import Fix, Hub, Values

PRIORITY = "scheduling.podPriority"
CAUTION = "The placeholders are made anew, and the hub restarts; users' servers keep running."
BELOW = 10
"""How far below users the chart's defaults have them."""


def priorities(values: Values | None) -> tuple[int | None, int | None]:
    """That of placeholders and that of users, by the values."""
    if values is None:
        return None, None
    return values.integer(f"{PRIORITY}.userPlaceholderPriority"), values.integer(f"{PRIORITY}.defaultPriority")


def turn_on(hub: Hub, *, on: bool) -> Fix:
    """Turn pod priority on; `on` is where the values have it already."""
    return Fix(
        "The values ask for pod priority, but the StatefulSet was made without: apply them again."
        if on
        else "Turn pod priority on, so that a user's pod evicts a placeholder and a node is added in time.",
        values={} if on else {"scheduling": {"podPriority": {"enabled": True}}},
        commands=(hub.helm_again if on else hub.helm_upgrade,),
        caution=CAUTION,
    )


def lower(hub: Hub, name: str, users: int) -> Fix:
    """Put the placeholders below users; `name` is their PriorityClass."""
    return Fix(
        "Put the placeholders below users. The value of a PriorityClass cannot be changed, so delete it first; the "
        "upgrade makes it again.",
        values={"scheduling": {"podPriority": {"userPlaceholderPriority": users - BELOW}}},
        commands=(f"kubectl delete priorityclass {name}", hub.helm_upgrade),
        caution=CAUTION,
    )
