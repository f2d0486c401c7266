"""Fixtures: a control plane that all tests share, one of a test's own, and hubs installed into either by helm."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from .binaries import Version, missing
from .kubelet import Kubelet
from .plane import ControlPlane
from .release import Release, image_awaiter

if TYPE_CHECKING:
    from pathlib import Path


class MakeRelease(Protocol):
    """Installs a hub; see the fixture `hub_release`."""

    def __call__(  # noqa: D102
        self,
        values: Mapping[str, Any] | None = None,
        *,
        legacy: bool = False,
        install: bool = True,
        check: bool = True,
        timeout: str = "60s",
        labels: Mapping[str, str] | None = None,
        plane: ControlPlane | None = None,
    ) -> Release: ...


MakePlane = Callable[..., tuple[ControlPlane, Kubelet]]


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """The newest control plane, shared by all tests: what a test makes in it belongs into a namespace of its own."""
    _need("newest")
    with ControlPlane(directory=tmp_path_factory.mktemp("plane")) as plane:
        yield plane


@pytest.fixture(scope="session")
def shared_kubelet(plane: ControlPlane) -> Iterator[Kubelet]:
    """Two nodes, core-1 and user-1, a default StorageClass and load balancers. Tests ask for `kubelet` instead."""
    with _furnished(plane) as kubelet:
        yield kubelet


@pytest.fixture
def kubelet(plane: ControlPlane, shared_kubelet: Kubelet) -> Iterator[Kubelet]:
    """The nodes of the shared control plane; rules and logs that a test adds, and nodes it makes, go with it."""
    kept = {name: list(getattr(shared_kubelet, name)) for name in ("rules", "logs")}
    hooks = {name: getattr(shared_kubelet, name) for name in ("address", "load_balancer", "provisions")}
    nodes = {node["metadata"]["name"] for node in plane.items("/api/v1/nodes")}
    yield shared_kubelet
    for name, value in (kept | hooks).items():
        setattr(shared_kubelet, name, value)
    for node in plane.items("/api/v1/nodes"):
        if node["metadata"]["name"] not in nodes:
            plane.request("DELETE", f"/api/v1/nodes/{node['metadata']['name']}")


@pytest.fixture
def make_plane(tmp_path: Path) -> Iterator[MakePlane]:
    """Start a control plane for one test alone: `plane, kubelet = make_plane("1.24")`; takes what ControlPlane takes."""
    with contextlib.ExitStack() as stack:

        def make(version: Version = "newest", **options: Any) -> tuple[ControlPlane, Kubelet]:  # noqa: ANN401
            _need("newest", version)
            directory = tmp_path / f"plane-{secrets.token_hex(3)}"
            plane = stack.enter_context(ControlPlane(version, directory=directory, **options))
            return plane, stack.enter_context(_furnished(plane))

        yield make


@pytest.fixture
def hub_release(request: pytest.FixtureRequest) -> Iterator[MakeRelease]:
    """Install hubs: `hub_release(values, legacy=..., check=...)`, each under a fresh name in a fresh namespace.

    With `install=False` only the namespace is made, so that a test can put something in the way (a quota, a label)
    and then call `install` itself. Without `plane` it goes into the shared control plane.
    """
    _need("newest", "helm")
    made: list[Release] = []

    def make(
        values: Mapping[str, Any] | None = None,
        *,
        legacy: bool = False,
        install: bool = True,
        check: bool = True,
        timeout: str = "60s",
        labels: Mapping[str, str] | None = None,
        plane: ControlPlane | None = None,
    ) -> Release:
        if plane is None:
            plane = request.getfixturevalue("plane")
            request.getfixturevalue("kubelet")
        name = plane.namespace("hub", labels)
        release = Release(plane, name, name, legacy)
        made.append(release)
        if install:
            release.install(values, check=check, timeout=timeout)
        return release

    yield make
    for release in made:
        if release.plane.running("apiserver"):
            release.uninstall()


@contextlib.contextmanager
def _furnished(plane: ControlPlane) -> Iterator[Kubelet]:
    with Kubelet(plane) as kubelet:
        kubelet.rules.append(image_awaiter(plane))
        kubelet.node("core-1", labels={"hub.jupyter.org/node-purpose": "core"})
        kubelet.node("user-1", labels={"hub.jupyter.org/node-purpose": "user"})
        kubelet.storage_class()
        yield kubelet


def _need(*versions: Version) -> None:
    if reason := missing(*versions):
        pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Iterator[None]:  # the generator is given the report and gives it back
    """Show the end of the servers' logs, and what went wrong in the kubelet, beside a test that failed."""
    report = yield  # type: ignore[misc]
    if report.failed and call.when != "teardown":  # type: ignore[unreachable]
        for value in _servers(getattr(item, "funcargs", {}).values()):
            report.sections.append((f"control plane {value.version}", value.logs()))
    return report


def _servers(values: Sequence[object]) -> list[ControlPlane]:
    planes = [value for value in values if isinstance(value, ControlPlane)]
    return planes + [value.plane for value in values if isinstance(value, Kubelet) and value.plane not in planes]
