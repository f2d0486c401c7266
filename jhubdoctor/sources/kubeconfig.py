"""Credentials and transport, as the kubernetes package loads and makes them. The only module that imports it.

Of that package only what has been stable for years is used: loading configurations (kubeconfig, exec plugins, service
account), the authentication settings, and the urllib3 pool with the right TLS settings. Its models and APIs are not
used, and importing them takes as long as half a run on a usual hub: so they are left out where that works.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import IO, Any, cast

import urllib3

from jhubdoctor.model.errors import DoctorError
from jhubdoctor.model.yaml import BadValues, load_yaml
from jhubdoctor.privacy.logs import masked
from jhubdoctor.privacy.text import brief, clean

# Packages whose __init__ would import everything, and what our part of the package takes from them.
_HOLLOW = ("kubernetes", "kubernetes.client", "kubernetes.utils")
# For the oldest kinds of credentials alone (auth-provider): imported when one of those is met.
_LATER = ("oauthlib", "oauthlib.oauth2", "requests_oauthlib")
_LATER_IF_THERE = ("google", "google.auth", "google.auth.transport", "google.auth.transport.requests")
LIMIT = 8 * 2**20
NODES = 200_000
"""So many a kubeconfig of 8,000 clusters has."""
OUTPUT = 2**20
"""What a credential plugin may say; the credentials that it gives take a hundredth of that."""
_lock = threading.Lock()


@dataclass(frozen=True)
class Package:
    """What is used of the kubernetes package."""

    Configuration: Callable[[], Any]
    ConfigException: type[Exception]
    RESTClientObject: Callable[[Any], Any]
    kube_config: Any
    incluster_config: Any


class _Plugin(subprocess.Popen[str]):
    """A credential plugin, of which no more is read than it may say: the package would read all, into memory."""

    def communicate(self, input: str | None = None, timeout: float | None = None) -> tuple[str, str]:  # noqa: A002, ARG002  - as it is called
        """What it says on standard output and, where that is ours, on standard error."""
        said = ["", ""]

        def listen(place: int, stream: IO[str]) -> None:
            # what is no text is said to be no JSON, as nothing would be
            with stream, suppress(ValueError):
                said[place] = stream.read(OUTPUT)
            if len(said[place]) == OUTPUT:
                self.kill()

        streams = [(i, s) for i, s in enumerate((self.stdout, self.stderr)) if s is not None]
        threads = [threading.Thread(target=listen, args=s, name="plugin", daemon=True) for s in streams]
        for thread in threads:
            thread.start()
        _running.add(self)
        for thread in threads:
            thread.join()
        self.wait()
        _running.discard(self)
        if any(len(text) == OUTPUT for text in said):
            raise package().ConfigException("exec: it says more than any credential plugin does")
        return said[0], said[1]


_running: set[_Plugin] = set()


def end_plugins() -> None:
    """End the credential plugins that nobody waits for any more."""
    for plugin in list(_running):
        plugin.kill()


def _imported() -> Package:
    """The parts of the package, imported as usual."""
    for name in ("exec_provider", "kube_config"):
        # their own name for what starts programs: nobody else's
        starts = cast("Any", importlib.import_module(f"kubernetes.config.{name}"))
        starts.subprocess = SimpleNamespace(Popen=_Plugin, PIPE=subprocess.PIPE)
    configuration = importlib.import_module("kubernetes.client.configuration")
    return Package(
        configuration.Configuration,
        importlib.import_module("kubernetes.config.config_exception").ConfigException,
        importlib.import_module("kubernetes.client.rest").RESTClientObject,
        importlib.import_module("kubernetes.config.kube_config"),
        importlib.import_module("kubernetes.config.incluster_config"),
    )


def package() -> Package:
    """The parts of the package: alone where that works, else with all the rest of it."""
    with _lock:  # of two threads one imports
        return _package()


@functools.cache
def _package() -> Package:
    if "kubernetes" in sys.modules:
        return _imported()
    # nobody else may see a module without its contents: what stands in their place is taken away again
    before = {n: m for n, m in sys.modules.items() if _ours(n)}
    try:
        return _alone()
    except Exception:  # noqa: BLE001  - another layout than that of the releases we know: then as everybody does
        _forget(before)
        found = _imported()
        before |= {n: m for n, m in sys.modules.items() if _ours(n)}
        return found
    finally:
        _forget(before)


def _alone() -> Package:
    root = importlib.util.find_spec("kubernetes")
    if root is None or not root.submodule_search_locations:
        raise ImportError("kubernetes")
    for name in _HOLLOW:
        module = ModuleType(name)
        module.__path__ = [str(Path(p, *name.split(".")[1:])) for p in root.submodule_search_locations]
        sys.modules[name] = module
    for name in _LATER + (_LATER_IF_THERE if _installed("google.auth") else ()):
        if name not in sys.modules:
            sys.modules[name] = _Later(name)
    client = cast("Any", sys.modules["kubernetes.client"])
    client.Configuration = importlib.import_module("kubernetes.client.configuration").Configuration
    client.ApiClient = None  # for functions that give a whole client; none of them is used
    return _imported()


def _ours(name: str) -> bool:
    return name in _LATER + _LATER_IF_THERE or name.partition(".")[0] == "kubernetes"


def _forget(before: dict[str, ModuleType]) -> None:
    """Leave of these modules only those that were there."""
    for name in [n for n in sys.modules if _ours(n)]:
        del sys.modules[name]
    sys.modules.update(before)


def _installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ImportError:
        return False


class _Later(ModuleType):
    """A module that is imported when something of it is used."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: list[str] = []
        if name == "requests_oauthlib":
            self.OAuth2Session = lambda *a, **k: importlib.import_module(name).OAuth2Session(*a, **k)

    def __getattr__(self, attribute: str) -> Any:
        real = importlib.import_module(self.__name__)
        if real is self:
            raise AttributeError(attribute)
        return getattr(real, attribute)


def load(kubeconfig: str | None = None, context: str | None = None) -> tuple[Any, str, str]:
    """A loaded configuration, the context's name and its namespace.

    Args:
        kubeconfig: a path (or several, joined as in KUBECONFIG); None for KUBECONFIG, ~/.kube/config, in-cluster.
        context: a context's name; None for the current one.

    Raises:
        DoctorError: where it cannot be used.
    """
    kubernetes = package()
    configuration = kubernetes.Configuration()
    files = _files(kubeconfig)
    there = any(_expanded(f).exists() for f in files.split(os.pathsep) if f)
    if not there and not kubeconfig and not context and os.environ.get("KUBERNETES_SERVICE_HOST"):
        try:
            kubernetes.incluster_config.load_incluster_config(client_configuration=configuration)
        except kubernetes.ConfigException as e:
            raise DoctorError(
                f"The service account of this pod cannot be used: {clean(masked(str(e)), 200)}.",
                "Mount its token (automountServiceAccountToken), or give --kubeconfig.",
            ) from e
        return configuration, "in-cluster", _in_cluster_namespace()
    if not there:
        raise DoctorError(
            f"There is no kubeconfig at {files}.", "Give one with --kubeconfig, or set KUBECONFIG as for kubectl."
        )
    namespaces, current = _listed(files)
    wanted = context or current
    if wanted not in namespaces:
        raise DoctorError(
            f"The kubeconfig has no context {wanted!r}." if wanted else "The kubeconfig has no current context.",
            f"Choose one with --context: {', '.join(sorted(namespaces))}.",
        )
    with _usable(files):
        kubernetes.kube_config.load_kube_config(
            config_file=files, context=wanted, client_configuration=configuration, persist_config=False
        )
    configuration.host = str(configuration.host).strip()
    try:
        scheme = urllib3.util.parse_url(configuration.host).scheme
    except urllib3.exceptions.LocationParseError:
        scheme = None
    if scheme not in {"http", "https"}:
        raise DoctorError(
            f"The server of the kubeconfig is no address: {brief(configuration.host) or 'it is empty'}.",
            "Correct it: `kubectl config view --minify` shows it.",
        )
    return configuration, wanted, namespaces[wanted] or "default"


def _listed(files: str) -> tuple[dict[str, str], str]:
    """The contexts, each with its namespace, and the current one; empty where none is current.

    Raises:
        DoctorError: where a file is no kubeconfig.
    """
    with _usable(files):
        for file in filter(None, files.split(os.pathsep)):
            _plausible(_expanded(file))
        # the package's own list wants a current context, which nobody needs who names one
        config = package().kube_config.KubeConfigMerger(files).config
        if config is None:
            raise package().ConfigException("there is no such file")
        found = {str(c["name"]): (c.value.get("context") or {}).get("namespace", "") for c in config.value["contexts"]}
        if not found:
            raise package().ConfigException("it has no contexts")
        return found, str(config.value.get("current-context") or "")


def _plausible(file: Path) -> None:
    """Let pass a file that can be read to its end, in a time and a memory that are bounded.

    Raises:
        ConfigException: where it is none.
        OSError: where it cannot be read.
    """
    if not file.exists():
        return
    state = file.stat()
    if not stat.S_ISREG(state.st_mode):
        raise package().ConfigException("it is no regular file")
    if state.st_size > LIMIT:
        raise package().ConfigException(f"it is larger than {LIMIT // 2**20} MiB")
    try:
        load_yaml(file.read_text(encoding="utf-8"), limit=LIMIT, nodes=NODES)
    except BadValues as e:
        raise package().ConfigException(str(e)) from e


def _in_cluster_namespace() -> str:
    try:
        place = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
        return place.read_text(encoding="utf-8").strip() or "default"
    except OSError:
        return "default"


def pool(configuration: Any) -> urllib3.PoolManager:
    """The package's own pool: proxies, client certificates and certificate authorities as configured.

    Raises:
        DoctorError: where one of them cannot be used.
    """
    if not configuration.verify_ssl:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    # that SOCKS wants another package is told below
    urllib3.disable_warnings(urllib3.exceptions.DependencyWarning)
    try:
        return cast("urllib3.PoolManager", package().RESTClientObject(configuration).pool_manager)
    except ImportError as e:
        raise DoctorError(
            "The proxy-url of the kubeconfig is a SOCKS proxy, which takes a package that is not installed.",
            "Install it beside jhubdoctor: `pip install PySocks`.",
        ) from e
    except Exception as e:
        raise DoctorError(
            f"The proxy-url or a certificate of the kubeconfig cannot be used ({type(e).__name__}).",
            "`kubectl config view --minify` shows them.",
        ) from e


def contexts(kubeconfig: str | None = None) -> list[str]:
    """The names of all contexts, sorted.

    Raises:
        DoctorError: where there is no usable kubeconfig.
    """
    return sorted(_listed(_files(kubeconfig))[0])


def _files(kubeconfig: str | None) -> str:
    return kubeconfig or os.environ.get("KUBECONFIG") or str(_expanded("~/.kube/config"))


def _expanded(path: str) -> Path:
    """A path with its ~ resolved, unless nobody knows where that is: a user id without a name has no home."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


@contextmanager
def _usable(files: str) -> Iterator[None]:
    """Say of a file what is wrong with it. The loader raises KeyError, TypeError or yaml errors for what is none."""
    step = "Check that kubectl works with it."
    try:
        yield
    except package().ConfigException as e:
        raise DoctorError(f"The kubeconfig {files} cannot be used: {clean(masked(str(e)), 300)}.", step) from e
    except Exception as e:
        raise DoctorError(
            f"{files} is no kubeconfig: it is not YAML with clusters, contexts and users ({type(e).__name__}).",
            "Name the file that kubectl uses: `kubectl config view --minify` shows what is in it.",
        ) from e
