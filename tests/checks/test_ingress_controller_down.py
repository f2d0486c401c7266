"""By which labels a controller is found, and what is said where it is not."""

from typing import Any

import pytest

from jhubdoctor.engine.result import CheckStatus
from jhubdoctor.testing import Example, diagnose

RULES = [{"http": {"paths": [{"path": "/", "backend": {"service": {"name": "proxy-public"}}}]}}]
NAME = "app.kubernetes.io/name"


def led_by(controller: str, **status: Any) -> list[dict[str, Any]]:
    ingress = {
        "kind": "Ingress",
        "metadata": {"name": "jupyterhub"},
        "spec": {"ingressClassName": "own", "rules": RULES},
        "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}, **status},
    }
    return [ingress, {"kind": "IngressClass", "metadata": {"name": "own"}, "spec": {"controller": controller}}]


def stopped(**labels: str) -> dict[str, Any]:
    meta = {"name": "controller", "namespace": "ways", "labels": {k.replace("__", "/"): v for k, v in labels.items()}}
    return {"kind": "Deployment", "metadata": meta, "spec": {"replicas": 0}}


@pytest.mark.parametrize(
    ("controller", "labels"),
    [
        ("k8s.io/ingress-nginx", {NAME: "ingress-nginx"}),
        ("k8s.io/internal-ingress-nginx", {NAME: "ingress-nginx"}),
        ("k8s.io/ingress-nginx", {NAME: "rke2-ingress-nginx"}),
        ("traefik.io/ingress-controller", {NAME: "traefik"}),
        ("nginx.org/ingress-controller", {NAME: "nginx-ingress"}),
        ("haproxy.org/ingress-controller/haproxy", {NAME: "kubernetes-ingress"}),
        ("azure/application-gateway", {"app": "ingress-appgw"}),
        ("istio.io/ingress-controller", {"app": "istio-ingressgateway"}),
        ("istio.io/ingress-controller", {"app": "istiod"}),
        (
            "openshift.io/ingress-to-route",
            {"ingresscontroller.operator.openshift.io/owning-ingresscontroller": "default"},
        ),
        (
            "webapprouting.kubernetes.azure.com/nginx",
            {
                "app.kubernetes.io/managed-by": "aks-app-routing-operator",
                "app.kubernetes.io/component": "ingress-controller",
            },
        ),
    ],
)
def test_a_controller_is_found_by_its_labels(controller: str, labels: dict[str, str]) -> None:
    report = diagnose(Example([*led_by(controller), stopped(**labels)]), "ingress-controller-down")

    assert [f.finding.cause for f in report.findings] == ["Deployment ways/controller scaled-to-zero"]


@pytest.mark.parametrize("controller", ["k8s.io/ingress-gce", "konghq.example/own", "example.org/own"])
def test_of_others_nothing_is_said(controller: str) -> None:
    report = diagnose(Example([*led_by(controller), stopped(app="ingress")]), "ingress-controller-down")

    assert [r.status for r in report.results] == [CheckStatus.NOT_APPLICABLE]


def test_a_controller_that_was_not_found_is_not_called_gone() -> None:
    report = diagnose(Example(led_by("k8s.io/ingress-nginx")), "ingress-controller-down")

    assert [r.status for r in report.results] == [CheckStatus.NOT_APPLICABLE]


@pytest.mark.parametrize("read", ["deployments", "daemonsets", "ingressclasses", "ingresses"])
def test_whoever_may_not_look_knows_nothing(read: str) -> None:
    given = [*led_by("k8s.io/ingress-nginx"), stopped(**{NAME: "ingress-nginx"}), {"kind": "Missing", "read": read}]

    report = diagnose(Example(given), "ingress-controller-down")

    assert [r.status for r in report.results] == [CheckStatus.UNKNOWN]
    assert report.findings == ()
