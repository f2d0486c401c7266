"""What Pod Security levels ask of users' pods, and how to keep them."""

from jhubdoctor.api import Fix, Hub, Values
from jhubdoctor_checks.policy._users import BLOCK

_RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
# what may set the same
_TRAITS = {"container_security_context", "pod_security_context", "extra_container_config", "extra_pod_config"}


def hardened(values: Values) -> bool:
    """Whether somebody has set what `restricted` asks for; that it is enough cannot be seen."""
    set_ = {*values.mapping("hub.config.KubeSpawner"), *(t.rpartition(".")[2] for t in values.traits_in_code)}
    return bool(set_ & _TRAITS)


def kept(hub: Hub, level: str, *, blocks: bool) -> Fix:
    """Keep the level; `blocks` is for pods with the privileged init container."""
    values: dict[str, object] = {}
    text = []
    if blocks:
        key = {"enabled": True} if hub.at_least("0.11.0") is False else {"blockWithIptables": False}
        values["singleuser"] = {"cloudMetadata": key}
        text.append(
            f"Leave out {BLOCK}. The chart's NetworkPolicy keeps users from the metadata server where it is enforced."
        )
    if level == "restricted":
        values["hub"] = {"config": {"KubeSpawner": {"container_security_context": _RESTRICTED}}}
        text.append("Give the notebook container what the level restricted asks for.")
    return hub.values_fix(" ".join(text), values)
