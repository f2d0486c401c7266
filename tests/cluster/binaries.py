"""The programs that the cluster tests run, built from Go modules because nothing else may be downloaded.

A folder of such programs is laid out as envtest lays out its own (etcd, kube-apiserver, ...), so that where
KUBEBUILDER_ASSETS names one, it takes the place of what would be built here and no Go is needed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast, get_args

if TYPE_CHECKING:
    from collections.abc import Iterator

Version = Literal["newest", "1.24", "helm", "helm-4", "kubectl", "mapkubeapis"]

HERE = Path(__file__).parent
MOST: tuple[Version, ...] = ("newest", "helm", "helm-4", "kubectl", "mapkubeapis")
"""What is built without being asked for: a second control plane takes as long as all other tests together."""
CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
VERSION_PACKAGES = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")


class UnavailableError(RuntimeError):
    """A program is not here and cannot be built; the message is one sentence that says what to do."""


@dataclass(frozen=True)
class Recipe:
    """How one folder of programs is built."""

    module: str
    """The folder beside this file that holds go.mod."""
    pinned: str
    """The module whose version in that go.mod is the version of the programs."""
    package: str
    program: str
    toolchain: str
    """What GOTOOLCHAIN is set to. Kubernetes 1.24 was released with Go 1.20; the others take any Go new enough."""
    links: tuple[str, ...] = ()

    @property
    def source(self) -> Path:
        """Where go.mod is."""
        return HERE / self.module

    @property
    def release(self) -> str:
        """The exact version, read from go.mod so that it is written once."""
        text = (self.source / "go.mod").read_text()
        found = re.search(rf"^(?:require)?\s*{re.escape(self.pinned)} (v\S+)", text, re.MULTILINE)
        if found is None:
            message = f"{self.source / 'go.mod'} does not require {self.pinned}"
            raise ValueError(message)
        return found[1]

    @property
    def stamps(self) -> tuple[str, ...]:
        """The variables that the linker sets; without them the servers answer v0.0.0-master when asked who they are."""
        if self.program == "helm":
            return (f"{self.pinned}/internal/version.version={self.release}",)
        if self.program == "mapkubeapis":
            return ()
        major, minor, _ = self.release.removeprefix("v").split(".", 2)
        values = {"gitVersion": self.release, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
        return tuple(f"{package}.{name}={value}" for package in VERSION_PACKAGES for name, value in values.items())


RECIPES: dict[Version, Recipe] = {
    "newest": Recipe("controlplane", "k8s.io/kubernetes", ".", "controlplane", "auto", CONTROL_PLANE),
    "1.24": Recipe("controlplane-1.24", "k8s.io/kubernetes", ".", "controlplane", "go1.20.14", CONTROL_PLANE[1:]),
    "helm": Recipe("helm", "helm.sh/helm/v3", "helm.sh/helm/v3/cmd/helm", "helm", "auto"),
    "helm-4": Recipe("helm-4", "helm.sh/helm/v4", "helm.sh/helm/v4/cmd/helm", "helm", "auto"),
    "mapkubeapis": Recipe(
        "mapkubeapis",
        "github.com/helm/helm-mapkubeapis",
        "github.com/helm/helm-mapkubeapis/cmd/mapkubeapis",
        "mapkubeapis",
        "auto",
    ),
    "kubectl": Recipe("kubectl", "k8s.io/kubernetes", "k8s.io/kubernetes/cmd/kubectl", "kubectl", "auto"),
}


def ensure(version: Version) -> Path:
    """Return the folder that holds the programs of this version, after building them if they are not there yet."""
    return ready(version) or _build(version)


def ready(version: Version) -> Path | None:
    """Return the folder if it can be used as it is, or nothing if it has to be built."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if version == "newest" and assets and all((Path(assets) / name).exists() for name in CONTROL_PLANE[:2]):
        return Path(assets)
    folder = _folder(version)
    if folder.exists():
        return folder
    if version in {"helm", "kubectl"} and not shutil.which("go") and (program := shutil.which(version)):
        return Path(program).parent
    return None


def missing(*versions: Version) -> str | None:
    """Return why these cannot be had, in one sentence, or nothing if they can."""
    if shutil.which("go") or all(ready(version) for version in versions):
        return None
    wanted = " and ".join(version for version in versions if not ready(version))
    instead = " or let KUBEBUILDER_ASSETS name a folder with etcd and kube-apiserver" if "newest" in wanted else ""
    return f"No control plane to test with ({wanted}): install Go 1.21 or later (https://go.dev/dl){instead}."


def missing_controllers() -> str | None:
    """Return why pods will not run even where an API server does, or nothing if they will."""
    folder = ready("newest")
    if folder is None or all((folder / name).exists() for name in CONTROL_PLANE):
        return None
    return (
        f"No controllers to test with: {folder} (KUBEBUILDER_ASSETS) has no kube-controller-manager or kube-scheduler."
    )


def _folder(version: Version) -> Path:
    """Name the folder by version and by what it is built from, so that a changed go.mod or main.go is built anew."""
    recipe = RECIPES[version]
    digest = hashlib.sha256(repr((recipe, recipe.stamps)).encode())
    for path in sorted(recipe.source.glob("*.*")):
        digest.update(path.read_bytes())
    own = "" if recipe.package == "." else f"{recipe.program}-"
    name = f"{own}{recipe.release}-{digest.hexdigest()[:8]}"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "jhubdoctor" / "controlplane" / name


def _build(version: Version) -> Path:
    """Build into a folder of its own and move it into place whole, so that nobody ever runs half a program."""
    if reason := missing(version):
        raise UnavailableError(reason)
    recipe, folder = RECIPES[version], _folder(version)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _lock(folder.parent / f".{folder.name}.lock"):
        if folder.exists():
            return folder
        sys.stderr.write(f"building {version} ({recipe.release}): several minutes, but only once\n")
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
            built = Path(scratch) / "built"
            built.mkdir()
            linker = " ".join(("-s", "-w", *(f"-X {stamp}" for stamp in recipe.stamps)))
            output = str(built / recipe.program)
            # without debug information, which the linker would drop, the compiler has less to do
            command = ["go", "build", "-trimpath", "-gcflags=all=-dwarf=false", "-ldflags", linker]
            command += ["-o", output, recipe.package]
            settings = {"CGO_ENABLED": "0", "GOTOOLCHAIN": recipe.toolchain, "GOWORK": "off"}
            done = subprocess.run(
                command, cwd=recipe.source, env=os.environ | settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True, check=False,
            )  # fmt: skip
            if done.returncode:
                message = f"{version} ({recipe.release}) could not be built:\n{done.stdout[-4000:]}"
                raise UnavailableError(message)
            for link in recipe.links:
                (built / link).symlink_to(recipe.program)
            built.rename(folder)
    return folder


def _version(name: str) -> Version:
    if name not in get_args(Version):
        raise SystemExit(f"{name} is none of {', '.join(get_args(Version))}")
    return cast("Version", name)


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Let one run build and the others wait for it: two builds at once would each take twice as long."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Build these, or what most tests need, and say where each is; one that fails does not keep others from it."""
    failed = 0
    for version in map(_version, sys.argv[1:] or MOST):
        start = time.monotonic()
        try:
            folder = ensure(version)
        except UnavailableError as error:
            failed = 1
            sys.stdout.write(f"{version}: {error}\n")
        else:
            sys.stdout.write(f"{version}: {folder} ({time.monotonic() - start:.0f} s)\n")
    return failed


if __name__ == "__main__":
    sys.exit(main())
