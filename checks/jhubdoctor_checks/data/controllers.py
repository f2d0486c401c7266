"""How the controllers behind classes of Ingresses, Gateways and LoadBalancers are installed, as far as it is known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

NAME = "app.kubernetes.io/name"
COMPONENT = "app.kubernetes.io/component"


@dataclass(frozen=True)
class Controller:
    """A controller that runs in the cluster.

    Attributes:
        names: what an IngressClass calls it (`spec.controller`), the status of an HTTPRoute (`controllerName`), or the
            class of a LoadBalancer; a regular expression.
        values: the values of the label by which its Deployment or DaemonSet is found.
        label: that label.
        components: the values that its label `app.kubernetes.io/component` may have, where others bear the same name;
            empty for any.
        classes: the former annotation's words for it (`kubernetes.io/ingress.class`).
        kind: `Deployment` or `DaemonSet`, where it is never the other.
        carries: whether requests go through its pods; where not, it only tells others what to do.
    """

    names: str
    values: tuple[str, ...]
    label: str = NAME
    components: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    kind: str = ""
    carries: bool = True

    @property
    def selector(self) -> str:
        """The label selector that finds it."""
        return f"{self.label} in ({','.join(self.values)})"

    def found_in(self, labels: Mapping[str, str]) -> bool:
        """Whether these labels are of its Deployment or DaemonSet."""
        component = labels.get(COMPONENT)
        return labels.get(self.label) in self.values and (
            not self.components or component is None or component in self.components
        )


# The labels are those of each project's own chart and manifests.
CONTROLLERS: tuple[Controller, ...] = (
    # ingress-nginx: its chart, its static manifests, kops, minikube; RKE2 renames the chart
    Controller(r"k8s\.io/(?:[\w-]+-)?ingress-nginx(?:-[\w-]+)?", ("ingress-nginx", "rke2-ingress-nginx"),
               components=("controller",), classes=("nginx",)),
    # microk8s gives its addon the same controller name, and a DaemonSet of its own
    Controller(r"k8s\.io/ingress-nginx", ("nginx-ingress-microk8s",), label="microk8s-application",
               classes=("public",), kind="DaemonSet"),
    # the application routing addon of AKS
    Controller(r"webapprouting\.kubernetes\.azure\.com/.*", ("aks-app-routing-operator",),
               label="app.kubernetes.io/managed-by", components=("ingress-controller",)),
    # its own chart, and k3s
    Controller(r"traefik\.io/(?:ingress|gateway)-controller", ("traefik",), classes=("traefik",)),
    Controller(r"nginx\.org/ingress-controller", ("nginx-ingress",)),
    Controller(r"gateway\.nginx\.org/.*", ("nginx-gateway-fabric",), carries=False),
    Controller(r"ingress\.k8s\.aws/alb|service\.k8s\.aws/nlb|gateway\.k8s\.aws/.*", ("aws-load-balancer-controller",),
               classes=("alb",), carries=False),
    Controller(r"azure/application-gateway", ("ingress-azure", "ingress-appgw"), label="app",
               classes=("azure/application-gateway",), carries=False),
    Controller(r"haproxy\.org/ingress-controller.*", ("kubernetes-ingress",), classes=("haproxy",)),
    Controller(r"haproxy-ingress\.github\.io/controller.*", ("haproxy-ingress",)),
    Controller(r"projectcontour\.io/.*", ("contour",), components=("contour",), classes=("contour",),
               carries=False),
    Controller(r"projectcontour\.io/.*", ("contour",), components=("envoy",), classes=("contour",)),
    Controller(r"getambassador\.io/.*", ("emissary-ingress",)),
    Controller(r"gateway\.envoyproxy\.io/.*", ("gateway-helm",), carries=False),
    # istioctl and Istio's own charts; of the Gateway API it makes a Deployment for each Gateway
    Controller(r"istio\.io/ingress-controller", ("istio-ingressgateway",), label="app", classes=("istio",)),
    Controller(r"istio\.io/(?:ingress|gateway)-controller", ("istiod",), label="app", classes=("istio",),
               kind="Deployment", carries=False),
    # OpenShift makes a Route of the Ingress, which its routers serve: the label is that of the ingress operator
    Controller(r"openshift\.io/ingress-to-route", ("default",),
               label="ingresscontroller.operator.openshift.io/owning-ingresscontroller", kind="Deployment"),
)  # fmt: skip

# What gives LoadBalancers without a class their address, where it runs in the cluster: its chart, its manifests.
METALLB: tuple[Controller, ...] = (
    Controller("", ("metallb",), components=("controller",), kind="Deployment", carries=False),
    Controller("", ("metallb",), label="app", kind="Deployment", carries=False),
)


def named(controller: str) -> list[Controller]:
    """The rows for a controller's name; none where it is not known, or runs outside the cluster."""
    return [c for c in CONTROLLERS if controller and re.fullmatch(c.names, controller)]


def of_former_class(name: str) -> list[Controller]:
    """The rows for a class that the former annotation names."""
    return [c for c in CONTROLLERS if name and name in c.classes]
