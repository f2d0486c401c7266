"""What injectors put into pods beside their own containers, and what keeps it out of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jhubdoctor.api import Pod


@dataclass(frozen=True)
class Mesh:
    """How one injector is kept out of a pod by an annotation, out of a namespace, and a proxy that runs is ended.

    Attributes:
        annotation: of the pod, empty where it goes by none.
        off: its value.
        namespace: the command that keeps it out of a namespace, empty where it goes by the pod alone.
        end: what ends one that runs, as the rest of a kubectl command.
    """

    annotation: str
    off: str = "false"
    namespace: str = ""
    end: str = ""


_LABEL = "kubectl label namespace {{ns}} {} --overwrite"
# By the name that the injector gives the container.
MESHES = {
    "istio-proxy": Mesh(
        "sidecar.istio.io/inject",
        namespace=_LABEL.format("istio-injection=disabled"),
        end="exec {pod} --container istio-proxy -- pilot-agent request POST quitquitquit",
    ),
    "linkerd-proxy": Mesh(
        "linkerd.io/inject", "disabled", "kubectl annotate namespace {ns} linkerd.io/inject=disabled --overwrite"
    ),
    "consul-dataplane": Mesh("consul.hashicorp.com/connect-inject"),
    "envoy-sidecar": Mesh("consul.hashicorp.com/connect-inject"),
    # it goes by labels, which the chart has no value for
    "kuma-sidecar": Mesh("", "", _LABEL.format("kuma.io/sidecar-injection=disabled")),
    "daprd": Mesh("dapr.io/enabled"),
    "vault-agent": Mesh("vault.hashicorp.com/agent-inject"),
}


def meshes_in(pods: Iterable[Pod]) -> list[str]:
    """The names of the containers in these pods that an injector put there."""
    names = {c.name for p in pods for c in (*p.spec.containers, *p.spec.init_containers)}
    return sorted(names & set(MESHES))
