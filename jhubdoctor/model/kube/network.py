"""Services and what is behind them, the ways in, and network policies."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from jhubdoctor.model.kube.meta import Condition, Object, Struct
from jhubdoctor.model.kube.selectors import LabelSelector


class ServicePort(Struct):
    """spec.ports[] of a Service."""

    name: str = ""
    port: int = 0
    target_port: int | str = 0
    protocol: str = "TCP"


class ServiceSpec(Struct):
    """spec of a Service."""

    type: str = "ClusterIP"
    selector: dict[str, str] = {}
    ports: list[ServicePort] = []
    cluster_ip: str = msgspec.field(default="", name="clusterIP")
    external_ips: list[str] = msgspec.field(default_factory=list, name="externalIPs")
    load_balancer_ip: str = msgspec.field(default="", name="loadBalancerIP")
    load_balancer_class: str = ""
    load_balancer_source_ranges: list[str] = []


class IngressPoint(Struct):
    """loadBalancer.ingress[]."""

    ip: str = ""
    hostname: str = ""


class LoadBalancer(Struct):
    """status.loadBalancer."""

    ingress: list[IngressPoint] = []


class ServiceStatus(Struct):
    """status of a Service or an Ingress."""

    load_balancer: LoadBalancer = msgspec.field(default_factory=LoadBalancer)


class Service(Object):
    """A Service."""

    KIND: ClassVar[str] = "Service"

    spec: ServiceSpec = msgspec.field(default_factory=ServiceSpec)
    status: ServiceStatus = msgspec.field(default_factory=ServiceStatus)


class EndpointConditions(Struct):
    """endpoints[].conditions."""

    ready: bool | None = None


class Endpoint(Struct):
    """endpoints[]."""

    addresses: list[str] = []
    conditions: EndpointConditions = msgspec.field(default_factory=EndpointConditions)


class EndpointPort(Struct):
    """ports[] of an EndpointSlice."""

    port: int | None = None


class EndpointSlice(Object):
    """An EndpointSlice."""

    KIND: ClassVar[str] = "EndpointSlice"
    API_VERSION: ClassVar[str] = "discovery.k8s.io/v1"

    endpoints: list[Endpoint] = []
    ports: list[EndpointPort] = []

    @property
    def service(self) -> str:
        """The Service that it belongs to."""
        return self.labels.get("kubernetes.io/service-name", "")


class BackendPort(Struct):
    """backend.service.port."""

    name: str = ""
    number: int = 0


class BackendService(Struct):
    """backend.service."""

    name: str = ""
    port: BackendPort = msgspec.field(default_factory=BackendPort)


class IngressBackend(Struct):
    """backend; `serviceName` and `servicePort` are its form in v1beta1."""

    service: BackendService | None = None
    service_name: str = ""
    service_port: int | str = 0

    @property
    def target(self) -> str:
        """The Service's name."""
        return self.service.name if self.service else self.service_name

    @property
    def port(self) -> int | str:
        """The Service's port, by its name or number; 0 or empty where none is named."""
        return (self.service.port.name or self.service.port.number) if self.service else self.service_port


class IngressPath(Struct):
    """rules[].http.paths[]."""

    backend: IngressBackend = msgspec.field(default_factory=IngressBackend)


class IngressHTTP(Struct):
    """rules[].http."""

    paths: list[IngressPath] = []


class IngressRule(Struct):
    """rules[]."""

    host: str = ""
    http: IngressHTTP | None = None


class IngressTLS(Struct):
    """tls[]."""

    hosts: list[str] = []
    secret_name: str = ""


class IngressSpec(Struct):
    """spec of an Ingress."""

    ingress_class_name: str = ""
    rules: list[IngressRule] = []
    tls: list[IngressTLS] = []
    default_backend: IngressBackend | None = None


class Ingress(Object):
    """An Ingress."""

    KIND: ClassVar[str] = "Ingress"
    API_VERSION: ClassVar[str] = "networking.k8s.io/v1"

    spec: IngressSpec = msgspec.field(default_factory=IngressSpec)
    status: ServiceStatus = msgspec.field(default_factory=ServiceStatus)


class IngressClassSpec(Struct):
    """spec of an IngressClass."""

    controller: str = ""


class IngressClass(Object):
    """An IngressClass."""

    KIND: ClassVar[str] = "IngressClass"
    API_VERSION: ClassVar[str] = "networking.k8s.io/v1"

    spec: IngressClassSpec = msgspec.field(default_factory=IngressClassSpec)


class ParentRef(Struct):
    """parentRefs[] of an HTTPRoute."""

    name: str = ""
    namespace: str = ""


class RouteParent(Struct):
    """status.parents[] of an HTTPRoute."""

    parent_ref: ParentRef = msgspec.field(default_factory=ParentRef)
    controller_name: str = ""
    conditions: list[Condition] = []


class BackendRef(Struct):
    """rules[].backendRefs[] of an HTTPRoute."""

    kind: str = "Service"
    name: str = ""


class RouteRule(Struct):
    """rules[] of an HTTPRoute."""

    backend_refs: list[BackendRef] = []


class RouteSpec(Struct):
    """spec of an HTTPRoute."""

    parent_refs: list[ParentRef] = []
    hostnames: list[str] = []
    rules: list[RouteRule] = []


class RouteStatus(Struct):
    """status of an HTTPRoute."""

    parents: list[RouteParent] = []


class HTTPRoute(Object):
    """An HTTPRoute of the Gateway API."""

    KIND: ClassVar[str] = "HTTPRoute"
    API_VERSION: ClassVar[str] = "gateway.networking.k8s.io/v1"

    spec: RouteSpec = msgspec.field(default_factory=RouteSpec)
    status: RouteStatus = msgspec.field(default_factory=RouteStatus)


class GatewayStatus(Struct):
    """status of a Gateway."""

    conditions: list[Condition] = []


class Gateway(Object):
    """A Gateway of the Gateway API."""

    KIND: ClassVar[str] = "Gateway"
    API_VERSION: ClassVar[str] = "gateway.networking.k8s.io/v1"

    status: GatewayStatus = msgspec.field(default_factory=GatewayStatus)

    @property
    def unprogrammed(self) -> Condition | None:
        """The condition that says that what it asks for is not in place; None where that is not said."""
        return next((c for c in self.status.conditions if c.type == "Programmed" and c.status == "False"), None)


class IPBlock(Struct):
    """ipBlock."""

    cidr: str = ""
    except_: list[str] = msgspec.field(default_factory=list, name="except")


class PolicyPeer(Struct):
    """from[] and to[]."""

    pod_selector: LabelSelector | None = None
    namespace_selector: LabelSelector | None = None
    ip_block: IPBlock | None = None


class PolicyPort(Struct):
    """ports[]."""

    port: int | str | None = None
    protocol: str = "TCP"
    end_port: int | None = None


class PolicyRule(Struct):
    """ingress[] and egress[]; an absent peer list means everyone, an absent port list every port."""

    from_: list[PolicyPeer] | None = msgspec.field(default=None, name="from")
    to: list[PolicyPeer] | None = None
    ports: list[PolicyPort] | None = None


class NetworkPolicySpec(Struct):
    """spec of a NetworkPolicy."""

    pod_selector: LabelSelector = msgspec.field(default_factory=LabelSelector)
    policy_types: list[str] = []
    ingress: list[PolicyRule] = []
    egress: list[PolicyRule] = []


class NetworkPolicy(Object):
    """A NetworkPolicy."""

    KIND: ClassVar[str] = "NetworkPolicy"
    API_VERSION: ClassVar[str] = "networking.k8s.io/v1"

    spec: NetworkPolicySpec = msgspec.field(default_factory=NetworkPolicySpec)
