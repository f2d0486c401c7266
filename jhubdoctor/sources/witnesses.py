"""Lists that came empty although other objects name what must be in them: something between leaves objects out.

A proxy that filters by rights answers 200 with nothing, where an API server would say 403. Only what cannot be while
the list is truly empty counts: a pod that waits may name a claim that nobody made, a pod that runs cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jhubdoctor.model.kube.network import EndpointSlice
from jhubdoctor.model.kube.pods import Pod
from jhubdoctor.model.kube.storage import PersistentVolumeClaim
from jhubdoctor.model.kube.workloads import Deployment
from jhubdoctor.privacy.text import clean
from jhubdoctor.sources.memory import labels_match
from jhubdoctor.sources.reads import READS, Answer, Query, ReadState


@dataclass(frozen=True)
class _Witness:
    """Objects of one read that name objects of another.

    Attributes:
        read: of the list that must hold them.
        by: of the objects that name them.
        names: what one of these names, in its own namespace or in none.
        labels: the labels that what is named certainly has; None where nobody knows them.
    """

    read: str
    by: str
    names: Callable[[Any], Iterable[str]]
    labels: Callable[[Any], Mapping[str, str] | None] = lambda _: None


def _node(pod: Pod) -> Iterator[str]:
    if pod.node and not pod.terminating and not pod.finished:
        yield pod.node


def _claims(pod: Pod) -> Iterator[str]:
    # its claims are kept from being deleted as long as it runs, and the scheduler has seen those that are "unbound"
    scheduled = pod.condition("PodScheduled")
    seen = scheduled is not None and "unbound immediate" in scheduled.message
    if (pod.phase == "Running" or seen) and not pod.terminating:
        yield from pod.spec.claims


def _owned(kind: str) -> Callable[[Pod], Iterator[str]]:
    def owners(pod: Pod) -> Iterator[str]:
        if pod.owner.startswith(f"{kind}/") and pod.phase == "Running" and not pod.terminating:
            yield pod.owner.removeprefix(f"{kind}/")

    return owners


def _volume(claim: PersistentVolumeClaim) -> Iterator[str]:
    if claim.status.phase == "Bound" and claim.spec.volume_name:
        yield claim.spec.volume_name


def _pods(deployment: Deployment) -> Iterator[str]:
    if deployment.status.ready_replicas:
        yield f"{deployment.status.ready_replicas} ready pod(s)"


def _template_labels(deployment: Deployment) -> Mapping[str, str]:
    return deployment.spec.template.metadata.labels


def _service(found: EndpointSlice) -> Iterator[str]:
    # a slice is deleted together with its Service
    if name := found.labels.get("kubernetes.io/service-name", ""):
        yield name


_WITNESSES = (
    _Witness("nodes", "pods", _node),
    _Witness("persistentvolumes", "persistentvolumeclaims", _volume),
    _Witness("persistentvolumeclaims", "pods", _claims),
    _Witness("pods", "deployments", _pods, _template_labels),
    _Witness("deployments", "pods", _owned("Deployment")),
    _Witness("statefulsets", "pods", _owned("StatefulSet")),
    _Witness("daemonsets", "pods", _owned("DaemonSet")),
    _Witness("services", "endpointslices", _service),
)


def contradicted(answers: Mapping[Query, Answer]) -> dict[Query, str]:
    """The lists that came empty and cannot be, each with the reason in words."""
    found: dict[Query, str] = {}
    for query, answer in answers.items():
        if query.asks != "list" or query.fields or answer.items or answer.state is not ReadState.OK:
            continue
        if why := next(_against(query, answers), ""):
            found[query] = clean(why, 300)
    return found


def _against(query: Query, answers: Mapping[Query, Answer]) -> Iterator[str]:
    inside = READS[query.read].namespaced
    for witness in _WITNESSES:
        if witness.read != query.read:
            continue
        for asked, answer in answers.items():
            if asked.read != witness.by or asked.metadata_only:
                continue
            for item in answer.items:
                if inside and query.namespace not in {None, item.namespace}:
                    continue
                labels = witness.labels(item)
                if query.labels and (labels is None or not labels_match(query.labels, labels)):
                    continue
                for name in witness.names(item):
                    yield f"the list came empty, but {item.KIND} {item.name} has {name}"
