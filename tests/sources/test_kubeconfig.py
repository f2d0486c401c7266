"""Of the kubernetes package only what loads credentials is imported, and it gives what the whole package gives."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes.config import kube_config

from jhubdoctor.model.errors import DoctorError
from jhubdoctor.sources import kubeconfig, pseudonyms
from jhubdoctor.sources.live import LiveReader


@pytest.fixture
def anew() -> Iterator[None]:
    """Import the package as a process does that has just started."""
    kubeconfig._package.cache_clear()
    yield
    kubeconfig._package.cache_clear()


def script(text: str) -> list[str]:
    """The words that a process of its own prints."""
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_neither_the_models_nor_what_only_old_credentials_need_are_imported() -> None:
    found = script(
        "import sys\nfrom jhubdoctor.sources import kubeconfig\n"
        "from jhubdoctor.sources.live import LiveReader\nkubeconfig.package()\n"
        "heavy = {'kubernetes', 'pydantic', 'oauthlib', 'google'}\n"
        "print('none', *[m for m in sys.modules if m.split('.')[0] in heavy])"
    )

    assert found == ["none"]


def test_whoever_imports_the_package_afterwards_has_all_of_it() -> None:
    found = script(
        "from jhubdoctor.sources import kubeconfig\nkubeconfig.package()\n"
        "import kubernetes\nprint(kubernetes.client.V1Pod.__name__, kubernetes.config.load_kube_config.__name__)\n"
        "import oauthlib.oauth2\nprint(oauthlib.oauth2.WebApplicationClient.__name__)"
    )

    assert found == ["V1Pod", "load_kube_config", "WebApplicationClient"]


def test_where_it_is_imported_already_that_is_used() -> None:
    found = script(
        "import kubernetes.config.kube_config as k\nfrom jhubdoctor.sources import kubeconfig\n"
        "print(kubeconfig.package().kube_config is k)"
    )

    assert found == ["True"]


@pytest.mark.usefixtures("anew")
def test_a_package_of_another_layout_is_imported_as_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    def moved() -> None:
        raise ImportError("kubernetes.client.configuration")

    monkeypatch.setattr(kubeconfig, "_alone", moved)

    assert kubeconfig.package().Configuration().auth_settings() == {}


@pytest.mark.usefixtures("anew")
def test_what_is_only_imported_when_needed_is_there_when_needed() -> None:
    loader = kubeconfig.package().kube_config

    assert type(loader.OAuth2Session(client_id="x")).__module__.startswith("requests_oauthlib")
    assert issubclass(loader.oauthlib.oauth2.rfc6749.errors.InvalidClientIdError, Exception)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def jwt(seconds: int) -> str:
    """A token that is valid for so many seconds."""
    payload = json.dumps({"exp": int(time.time()) + seconds}).encode()
    return ".".join(("e30", base64.urlsafe_b64encode(payload).decode().rstrip("="), "x"))


PLUGIN = (
    "import json; print(json.dumps({'apiVersion': 'client.authentication.k8s.io/v1', 'kind': 'ExecCredential',"
    " 'status': {'token': 'plug1n'}}))"
)
USERS: dict[str, Callable[[], dict[str, Any]]] = {
    "token": lambda: {"token": "t0ken"},
    "password": lambda: {"username": "somebody", "password": "pa55"},
    "certificate": lambda: {"client-certificate-data": encoded("cert"), "client-key-data": encoded("key")},
    "plugin": lambda: {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": sys.executable,
            "args": ["-c", PLUGIN],
            "interactiveMode": "Never",
        }
    },
    "oidc": lambda: {"auth-provider": {"name": "oidc", "config": {"id-token": jwt(3600)}}},
}
CLUSTERS: dict[str, dict[str, Any]] = {
    "plain": {},
    "authority": {"certificate-authority-data": encoded("authority")},
    "unverified": {"insecure-skip-tls-verify": True},
    "another name": {"tls-server-name": "kubernetes.default"},
    "through a proxy": {"proxy-url": "http://127.0.0.1:3128"},
}
FIELDS = ("host", "verify_ssl", "tls_server_name", "proxy", "username", "password")
FILES = ("ssl_ca_cert", "cert_file", "key_file")


def told(configuration: Any) -> dict[str, Any]:
    """What a configuration says; files by their contents."""
    files = {f: getattr(configuration, f) for f in FILES}
    return {
        **{f: getattr(configuration, f, None) for f in FIELDS},
        **{f: Path(p).read_text(encoding="utf-8") if p else None for f, p in files.items()},
        "auth": {s["key"]: s["value"] for s in configuration.auth_settings().values()},
    }


@pytest.mark.parametrize("cluster", CLUSTERS)
@pytest.mark.parametrize("user", USERS)
def test_it_loads_what_the_whole_package_loads(user: str, cluster: str, tmp_path: Path) -> None:
    import kubernetes.client
    import kubernetes.config

    path = tmp_path / "kubeconfig"
    path.write_text(
        json.dumps(
            {
                "current-context": "here",
                "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:6443", **CLUSTERS[cluster]}}],
                "users": [{"name": "u", "user": USERS[user]()}],
                "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "jhub"}}],
            }
        ),
        encoding="utf-8",
    )
    whole = kubernetes.client.Configuration()
    kubernetes.config.load_kube_config(str(path), client_configuration=whole, persist_config=False)
    before = {n: m for n, m in sys.modules.items() if kubeconfig._ours(n)}
    for name in before:
        del sys.modules[name]
    kubeconfig._package.cache_clear()
    try:
        found, context, namespace = kubeconfig.load(str(path))
        assert kubeconfig.package().kube_config is not kubernetes.config.kube_config
    finally:
        kubeconfig._package.cache_clear()
        sys.modules.update(before)

    assert (context, namespace) == ("here", "jhub")
    assert told(found) == told(whole)
    assert told(found)["auth"] or user == "certificate"


def test_contexts_are_told_in_order(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    contexts = [{"name": n, "context": {"cluster": "c", "user": "u"}} for n in ("b", "a")]
    rest = {"clusters": [{"name": "c", "cluster": {}}], "users": [{"name": "u", "user": {}}]}
    path.write_text(json.dumps({"current-context": "a", "contexts": contexts, **rest}), encoding="utf-8")

    assert kubeconfig.contexts(str(path)) == ["a", "b"]


@pytest.mark.parametrize("text", ["", "{}", "[]", "{contexts: 3}", "a: b: c", "\x00"])
def test_a_file_that_is_no_kubeconfig_is_refused_in_one_sentence(text: str, tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(text, encoding="utf-8")

    for function in (kubeconfig.contexts, kubeconfig.load):
        with pytest.raises(DoctorError, match=r"cannot be used|is no kubeconfig"):
            function(str(path))


def test_without_a_current_context_the_contexts_are_named_and_each_can_be_chosen(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    contexts = [{"name": n, "context": {"cluster": "c", "user": "u", "namespace": n}} for n in ("stage", "prod")]
    rest = {"clusters": [{"name": "c", "cluster": {"server": "http://[::1]:1"}}], "users": [{"name": "u", "user": {}}]}
    path.write_text(json.dumps({"contexts": contexts, **rest}), encoding="utf-8")

    with pytest.raises(DoctorError, match=r"no current context\. Choose one with --context: prod, stage\."):
        kubeconfig.load(str(path))
    assert kubeconfig.contexts(str(path)) == ["prod", "stage"]
    assert kubeconfig.load(str(path), "prod")[1:] == ("prod", "prod")


def test_a_user_without_a_home_is_told_where_it_looked(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that runs with a number for its user: pathlib raises RuntimeError there."""

    def nobody(path: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", nobody)
    for name in ("KUBECONFIG", "XDG_STATE_HOME", "KUBERNETES_SERVICE_HOST", pseudonyms.KEY_VARIABLE):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(DoctorError, match=r"There is no kubeconfig at ~/.kube/config"):
        kubeconfig.load()
    with pytest.raises(DoctorError, match=r"~/.kube/config cannot be used"):
        kubeconfig.contexts()
    assert pseudonyms.key()[1] is False


# --- what nobody has in good faith -----------------------------------------------------------------------------------

LEVELS = "\n".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"a0: &a0 [x]\n{LEVELS}\ncontexts: *a9\n", "expands to more"),
        ("contexts: " + "[" * 100_000, "nested more than"),
        ("contexts: &a [*a]\n", "it contains itself"),
        ("# nothing\n" * 2**20, "larger than"),
    ],
    ids=["aliases", "depth", "itself", "size"],
)
def test_a_file_that_is_no_kubeconfig_in_good_faith_is_refused(text: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(DoctorError, match=why):
        kubeconfig.load(str(path))


def test_a_file_that_does_not_end_is_refused() -> None:
    with pytest.raises(DoctorError, match="no regular file"):
        kubeconfig.load("/dev/zero")


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("while True: print('x' * 65536)", "it says more than any credential plugin does"),
        ("import sys\nwhile True: sys.stderr.write('x' * 65536)", "it says more than any credential plugin does"),
        ("import sys; sys.stdout.buffer.write(b'\\xff')", "failed to decode process output"),
        ("import time; time.sleep(60)", "were not there within"),
    ],
    ids=["endless output", "endless errors", "no text", "never ends"],
)
def test_what_a_plugin_says_is_bounded(code: str, why: str, tmp_path: Path) -> None:
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": sys.executable, "args": ["-c", code]}
    config = {
        "current-context": "x",
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "clusters": [{"name": "x", "cluster": {"server": "http://127.0.0.1:9"}}],
        "users": [{"name": "x", "user": {"exec": plugin}}],
    }
    path = tmp_path / "config"
    path.write_text(json.dumps(config), encoding="utf-8")

    with pytest.raises(DoctorError, match=why):
        LiveReader(str(path), timeout=3 if "sleep" in code else 60)


def written(folder: Path, **parts: Any) -> str:
    config = {
        "current-context": "x",
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "clusters": [{"name": "x", "cluster": {"server": "http://127.0.0.1:9", **parts.get("cluster", {})}}],
        "users": [{"name": "x", "user": parts.get("user", {"token": "t"})}],
    }
    path = folder / "config"
    path.write_text(json.dumps(config), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("end", ["\n", "\r\n", " \n\n"])
def test_a_token_may_end_in_a_line_break(end: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t0ken" + end, encoding="utf-8")
    for user in ({"token": "t0ken" + end}, {"tokenFile": str(tmp_path / "token")}):
        reader = LiveReader(written(tmp_path, user=user))
        assert reader._authentication() == {"authorization": "Bearer t0ken"}


@pytest.mark.parametrize("token", ["a\r\nX: y", "a\0b", "t€"])
def test_a_token_that_no_header_takes_is_said_to_be_that(token: str, tmp_path: Path) -> None:
    with pytest.raises(DoctorError, match="no HTTP header"):
        LiveReader(written(tmp_path, user={"token": token})).connect()


@pytest.mark.parametrize(
    ("cluster", "why"),
    [
        ({"proxy-url": "::::"}, "proxy-url"),
        ({"proxy-url": "proxy:3128"}, "proxy-url"),
        ({"proxy-url": 5}, "proxy-url"),
        ({"proxy-url": "http://x:99999999"}, "proxy-url"),
        ({"proxy-url": "socks5://x:1"}, "SOCKS"),
        ({"server": "127.0.0.1:9"}, "no address"),
        ({"server": ""}, "it is empty"),
        ({"server": "ftp://127.0.0.1:9"}, "no address"),
    ],
    ids=str,
)
def test_an_address_that_is_none_is_one_sentence(cluster: dict[str, Any], why: str, tmp_path: Path) -> None:
    if "proxy-url" in cluster and "proxy-url" not in Path(kube_config.__file__).read_text(encoding="utf-8"):
        pytest.skip("this release of the kubernetes package does not read a proxy-url")
    with pytest.raises(DoctorError, match=why):
        LiveReader(written(tmp_path, cluster=cluster)).connect()
