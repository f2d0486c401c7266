"""Fixtures: a control plane that all tests share, one of a test's own, and hubs installed into either by helm."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest

from .binaries import Version, missing, missing_controllers
from .kubelet import Kubelet
from .plane import ControlPlane
from .release import Release, image_awaiter


class MakeRelease(Protocol):
    """Installs a hub; see the fixture `hub_release`."""

    def __call__(
        self,
        values: Mapping[str, Any] | None = None,
        *,
        legacy: bool = False,
        install: bool = True,
        check: bool = True,
        wait: bool = True,
        timeout: str = "60s",
        labels: Mapping[str, str] | None = None,
        plane: ControlPlane | None = None,
    ) -> Release: ...


Started = tuple[ControlPlane, Kubelet]
MakePlane = Callable[..., Started]

STARTED = pytest.StashKey[list[Started]]()
"""What runs for a test, or for the session, so that the logs can be shown if a test fails."""
FIGURES = pytest.StashKey[dict[str, object]]()
"""What was measured."""


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """The newest control plane, shared by all tests: what a test makes in it belongs into a namespace of its own."""
    with ControlPlane(directory=tmp_path_factory.mktemp("plane")) as plane:
        yield plane


@pytest.fixture(scope="session")
def shared_kubelet(plane: ControlPlane, request: pytest.FixtureRequest) -> Iterator[Kubelet]:
    """Two nodes, core-1 and user-1, a default StorageClass and load balancers. Tests ask for `kubelet` instead."""
    with furnished(plane) as kubelet:
        request.session.stash[STARTED] = [(plane, kubelet)]
        yield kubelet


@pytest.fixture
def kubelet(plane: ControlPlane, shared_kubelet: Kubelet) -> Iterator[Kubelet]:
    """The nodes of the shared control plane; rules and logs that a test adds, and nodes it makes, go with it."""
    shared_kubelet.errors.clear()
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
def make_plane(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[MakePlane]:
    """Start a control plane for one test alone: `plane, kubelet = make_plane("1.24")`.

    It takes what ControlPlane takes.
    """
    with contextlib.ExitStack() as stack:

        def make(version: Version = "newest", **options: Any) -> Started:
            if reason := missing(version):
                pytest.skip(reason)
            directory = tmp_path / f"plane-{secrets.token_hex(3)}"
            plane = stack.enter_context(ControlPlane(version, directory=directory, **options))
            started = plane, stack.enter_context(furnished(plane))
            request.node.stash.setdefault(STARTED, []).append(started)
            return started

        yield make


@pytest.fixture
def hub_release(request: pytest.FixtureRequest) -> Iterator[MakeRelease]:
    """Install hubs: `hub_release(values, legacy=..., check=...)`, each under a fresh name in a fresh namespace.

    With `install=False` only the namespace is made, so that a test can put something in the way (a quota, a label)
    and then call `install` itself. Without `plane` it goes into the shared control plane.
    """
    with _installer(request, "kubelet") as make:
        yield make


@pytest.fixture(scope="module")
def module_release(request: pytest.FixtureRequest) -> Iterator[MakeRelease]:
    """Install hubs that all tests of a module look at; else as `hub_release`."""
    with _installer(request, "shared_kubelet") as make:
        yield make


@contextlib.contextmanager
def _installer(request: pytest.FixtureRequest, kubelet: str) -> Iterator[MakeRelease]:
    made: list[Release] = []
    own: list[ControlPlane] = []  # control planes of this test alone: they end with it, whatever is in them

    def make(
        values: Mapping[str, Any] | None = None,
        *,
        legacy: bool = False,
        install: bool = True,
        check: bool = True,
        wait: bool = True,
        timeout: str = "60s",
        labels: Mapping[str, str] | None = None,
        plane: ControlPlane | None = None,
    ) -> Release:
        if plane is None:
            plane = request.getfixturevalue("plane")
            request.getfixturevalue(kubelet)
        else:
            own.append(plane)
        name = plane.namespace("hub", labels)
        release = Release(plane, name, name, legacy)
        made.append(release)
        if install:
            release.install(values, check=check, wait=wait, timeout=timeout)
        return release

    yield make
    for release in made:
        if release.plane.up and release.plane not in own:
            release.uninstall()


@contextlib.contextmanager
def furnished(plane: ControlPlane) -> Iterator[Kubelet]:
    """Give a control plane two nodes, core-1 and user-1, a default StorageClass and load balancers."""
    with Kubelet(plane) as kubelet:
        kubelet.rules.append(image_awaiter(plane))
        kubelet.node("core-1", labels={"hub.jupyter.org/node-purpose": "core"})
        kubelet.node("user-1", labels={"hub.jupyter.org/node-purpose": "user"})
        kubelet.storage_class()
        yield kubelet


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Callable[[str, object], None]:
    """Note a figure that was measured; all are told at the end of the session."""
    return request.config.stash.setdefault(FIGURES, {}).__setitem__


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Tell the figures."""
    for name, value in config.stash.get(FIGURES, {}).items():
        terminalreporter.write_line(f"{name}: {value}")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what cannot be had, from this one place, so that pytest says so in one line."""
    known = {"plane", "kubelet", "shared_kubelet", "make_plane", "hub_release", "module_release"}
    wanted = known.intersection(getattr(item, "fixturenames", ()))
    reason = missing("newest") if wanted else None
    if wanted - {"plane"}:
        reason = reason or missing_controllers()
    if wanted & {"hub_release", "module_release"}:
        reason = reason or missing("helm")
    if reason:
        pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of the servers' logs, and what went wrong in the kubelet, beside a test that failed."""
    report = yield
    if report.when == "call" and report.failed:
        for plane, kubelet in item.stash.get(STARTED, []) + item.session.stash.get(STARTED, []):
            report.sections.append((f"control plane {plane.version}", plane.logs()))
            report.sections += [("kubelet", error) for error in dict.fromkeys(kubelet.errors)]
    return report
