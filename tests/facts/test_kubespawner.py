"""What we say that KubeSpawner makes is what it made: fixtures hold that, and tests/cluster asks KubeSpawner again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from jhubdoctor.facts.users import Shape, shapes_of
from jhubdoctor.model.kube.quantity import quantity
from jhubdoctor.model.kube.selectors import NodeSelectorTerm
from jhubdoctor.model.slugs import expanded
from jhubdoctor.model.values import Values, merged

FIXTURES = Path(__file__).parent.parent / "fixtures"


def fixture(name: str) -> Any:
    """A fixture that KubeSpawner has made."""
    return yaml.safe_load((FIXTURES / name).read_text(encoding="utf-8"))


def test_names_are_those_that_kubespawner_makes() -> None:
    for user, server, template, escape, safe in fixture("names.yaml"):
        assert expanded(template, user, server, "escape") == escape
        assert expanded(template, user, server, "safe") == safe


@pytest.mark.parametrize(
    "template", ["claim-{userid}", "{namespace}-x", "{username!r}", "{username:>99999999}", "{", "}{"]
)
def test_what_only_the_hub_knows_is_no_name(template: str) -> None:
    assert expanded(template, "ada", "", "safe") is None


@pytest.mark.parametrize("word", ["merges", "replaces"])
def test_shapes_are_those_of_the_pods_that_kubespawner_makes(word: str) -> None:
    for case in fixture("pods.yaml"):
        values = Values(merged(DEFAULTS, case["values"]))
        shape = next(s for s in shapes_of(values, merges=word == "merges") if s.name == case["shape"])
        assert seen(shape) == made(case[word]), case["shape"]


# What the chart has where a case sets nothing.
DEFAULTS = {
    "singleuser": {"image": {"name": "quay.io/example/base", "tag": "1"}, "memory": {"guarantee": "1G"}},
    "scheduling": {"userPods": {"nodeAffinity": {"matchNodePurpose": "prefer"}}},
}


def seen(shape: Shape) -> dict[str, Any]:
    """What the scheduler looks at, of a shape."""
    affinity = shape.spec.affinity.node_affinity if shape.spec.affinity else None
    return {
        "images": shape.images,
        "selector": shape.spec.node_selector,
        "tolerations": {(t.key, t.operator, t.value, t.effect) for t in shape.spec.tolerations},
        "terms": affinity.required.node_selector_terms if affinity and affinity.required else [],
        "requests": dict(shape.requests),
        "limits": dict(shape.limits),
    }


def made(pod: dict[str, Any]) -> dict[str, Any]:
    """The same, of a pod; the API server takes a limit for a request where there is none."""
    limits = {k: quantity(v) for k, v in pod["limits"].items()}
    tolerations = pod["tolerations"]
    return {
        "images": (pod["image"],),
        "selector": {k: v or "" for k, v in pod["nodeSelector"].items()},
        "tolerations": {
            (t.get("key", ""), t.get("operator", ""), t.get("value", ""), t["effect"]) for t in tolerations
        },
        "terms": [msgspec.convert(t, NodeSelectorTerm) for t in pod["terms"]],
        "requests": limits | {k: quantity(v) for k, v in pod["requests"].items()},
        "limits": limits,
    }
