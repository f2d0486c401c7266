"""What proves that a hub is meant to be public, and what is the chart's default."""

import pytest

from jhubdoctor.api import Severity
from jhubdoctor.testing import findings_of

DUMMY = """
kind: Values
values: {hub: {config: null}, proxy: {https: {enabled: HTTPS}}}
---
kind: Values
values: {hub: {config: {JupyterHub: {authenticator_class: dummy}}}}
---
"""
SERVICE = "kind: Service\nmetadata: {name: proxy-public}\n"
INSIDE = SERVICE + "spec: {type: ClusterIP}\nstatus: {loadBalancer: {ingress: []}}\n---\n"
ROUTE = (
    'kind: Path\npath: /apis\ntext: \'{"groups":[{"name":"gateway.networking.k8s.io",'
    '"versions":[{"groupVersion":"gateway.networking.k8s.io/v1"}]}]}\'\n---\n'
    "kind: HTTPRoute\nmetadata: {name: jupyterhub}\n"
    "spec: {hostnames: HOSTS, rules: [{backendRefs: [{name: proxy-public, port: 80}]}]}\n"
)
INGRESS = (
    "kind: Ingress\nmetadata: {name: jupyterhub}\n"
    "spec: {rules: [{host: HOST, http: {paths: [{path: /, backend: {service: {name: proxy-public}}}]}}]}\n"
)


def severity(text: str, https: str = "false") -> Severity | None:
    found = findings_of(DUMMY.replace("HTTPS", https) + text, "dummy-authenticator-exposed")
    return found[0].severity if found else None


def test_a_load_balancer_alone_is_the_chart_s_default() -> None:
    assert severity("") is Severity.INFO


@pytest.mark.parametrize(
    "text",
    [
        INSIDE + INGRESS.replace("HOST", "hub.example.org"),
        INSIDE + ROUTE.replace("HOSTS", "[hub.example.org]"),
        SERVICE + "spec: {loadBalancerIP: 203.0.113.10}\n",
    ],
)
def test_what_somebody_asked_for_is_meant(text: str) -> None:
    assert severity(text) is Severity.WARNING


def test_tls_is_meant_for_users() -> None:
    assert severity("", "true") is Severity.WARNING


@pytest.mark.parametrize("text", [INSIDE + ROUTE.replace("HOSTS", "[]"), INSIDE + INGRESS.replace("HOST", "''")])
def test_a_way_without_a_name_is_no_proof(text: str) -> None:
    assert severity(text) is Severity.INFO


@pytest.mark.parametrize(
    "host", ["hub.local", "jupyter.localhost", "hub", "hub.home.arpa", "hub.10-1-2-3.sslip.io", "hub.test"]
)
def test_names_of_a_private_network_are_no_door(host: str) -> None:
    assert severity(INSIDE + INGRESS.replace("HOST", host), "true") is None


@pytest.mark.parametrize(
    "point", ["{hostname: localhost}", "{hostname: internal-a.elb.amazonaws.com}", "{ip: fd00::1}"]
)
def test_addresses_of_a_private_network_are_no_door(point: str) -> None:
    assert severity(SERVICE + f"status: {{loadBalancer: {{ingress: [{point}]}}}}\n", "true") is None
