"""Secrets wherever a cluster can hold them, and none of them in anything that leaves the program.

Each place gets a secret of its own, so that a failure names the place. What is searched are all outputs of all commands
in all formats, live and from bundles, the bundles themselves with what is encoded in them, and what a crash prints.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import io
import json
import re
import tarfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner

from jhubdoctor.commands.group import cli
from jhubdoctor.engine import registry as registry_module
from jhubdoctor.engine.declare import Check
from jhubdoctor.report import FORMATS
from jhubdoctor.testing import Example, registry
from tests.fakeapi import FakeAPI
from tests.privacy.test_redact import HEADER, LEAKING
from tests.privacy.test_redact import HEX as LOGGED_HEX
from tests.privacy.test_redact import SECRET as LOGGED

DEMO = resources.files("jhubdoctor.example").joinpath("demo.yaml").read_text(encoding="utf-8")
PLACES: dict[str, str] = {}


def plant(place: str, *, form: str = "mixed") -> str:
    """A secret for one place. `lower` and `number` look like a name and like a port."""
    n = 700 + len(PLACES)
    PLACES[place] = {"mixed": f"Gq{n}xZ-pl4nt_{n}", "lower": f"hidden{n}plant", "number": f"48{n}1597{n}"}[form]
    return PLACES[place]


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


# --- the cluster -----------------------------------------------------------------------------------------------------


def env(place: str) -> list[dict[str, Any]]:
    return [{"name": "X", "value": plant(place)}, {"name": "PASSWORD", "value": plant(f"{place} by its name")}]


def noted(place: str) -> dict[str, str]:
    spec = {
        "apiVersion": "v1",
        "spec": {"containers": [{"env": [{"name": "X", "value": plant(f"{place} last applied")}]}]},
    }
    return {
        "kubectl.kubernetes.io/last-applied-configuration": json.dumps(spec),
        "example.org/note": plant(f"{place} annotation"),
        "nginx.ingress.kubernetes.io/configuration-snippet": f"proxy_set_header X {plant(f'{place} snippet')};",
        "hub.jupyter.org/note": plant(f"{place} annotation of the hub's domain"),
        "checksum/config": plant(f"{place} checksum that is none", form="lower")
        + " token="
        + plant(f"{place} checksum"),
    }


def container(name: str, place: str) -> dict[str, Any]:
    return {
        "name": name,
        "env": env(f"{place} env"),
        "command": ["sh", "-c", f"export A={plant(f'{place} script')}; run"],
        "args": [
            f"--token={plant(f'{place} option')}",
            "--password",
            plant(f"{place} argument", form="lower"),
            plant(f"{place} bare word", form="lower"),
            f"--config=/{plant(f'{place} no path')} x",
        ],
        "livenessProbe": {"httpGet": {"httpHeaders": [{"name": "X", "value": plant(f"{place} probe")}]}},
        "lifecycle": {"postStart": {"exec": {"command": ["sh", plant(f"{place} lifecycle")]}}},
    }


VALUES = {
    "hub": {
        "config": {
            "GitHubOAuthenticator": {"client_secret": plant("client secret"), "client_id": plant("client id")},
            "DummyAuthenticator": {"password": int(plant("password that is a number", form="number"))},
            "CryptKeeper": {"keys": [plant("crypt key")]},
            "JupyterHub": {
                "cookie_secret": plant("cookie secret"),
                "db_url": f"postgresql://u:{plant('db url in config')}@h/d",
                "admin_users": [plant("admin user", form="lower")],
            },
            "Authenticator": {"allowed_users": {plant("allowed user", form="lower")[:20]: 1}},
            "Custom": {
                "nested": {"deep": {"secret": plant("nested trait")}},
                "text": plant("trait of text", form="lower"),
            },
            "GenericOAuthenticator": {"oauth_callback_url": f"https://x/cb?code={plant('query of a url')}"},
        },
        "db": {"url": f"mysql+pymysql://hub:{plant('db url')}@db/hub", "password": plant("db password")},
        "cookieSecret": plant("values cookie secret"),
        "extraConfig": {"a": f"c.X.token = '{plant('extraConfig')}'\nexec({plant('code', form='lower')!r})"},
        "extraEnv": {"X": plant("extraEnv"), "Y": {"value": plant("extraEnv value")}},
        "extraFiles": {"f": {"stringData": plant("extraFiles"), "data": {"k": plant("extraFiles data")}}},
        "services": {
            "grader": {"apiToken": plant("service token"), "environment": {"K": plant("service environment")}}
        },
        "loadRoles": {"r": {"scopes": [plant("role", form="lower")]}},
        "extraContainers": [container("side", "values extraContainers")],
        "initContainers": [container("first", "values initContainers")],
        "extraVolumes": [{"csi": {"volumeAttributes": {"secret": plant("extraVolumes")}}}],
        "livenessProbe": {"httpGet": {"httpHeaders": [{"name": "A", "value": plant("values probe")}]}},
        "annotations": {"x": plant("values hub annotation")},
        "extraPodSpec": {"x": plant("extraPodSpec")},
        "templateVars": {"x": plant("templateVars")},
    },
    "proxy": {
        "secretToken": plant("proxy token"),
        "https": {
            "manual": {"key": plant("manual key"), "cert": plant("manual cert")},
            "letsencrypt": {"contactEmail": plant("contact")},
        },
        "service": {"annotations": {"x": plant("values service annotation")}},
        "traefik": {
            "extraDynamicConfig": {"http": {"auth": plant("traefik")}},
            "extraEnv": {"K": plant("traefik env")},
        },
        "chp": {"extraCommandLineFlags": [f"--auth={plant('chp flag')}"], "extraEnv": {"K": plant("chp env")}},
    },
    "singleuser": {
        "image": {"name": f"robot:{plant('user of an image of the values')}@registry.example.org/x", "tag": "1"},
        "extraEnv": {"K": plant("singleuser extraEnv")},
        "cmd": ["jupyterhub-singleuser", f"--ServerApp.token={plant('singleuser cmd')}"],
        "lifecycleHooks": {"postStart": {"exec": {"command": [plant("lifecycle hook")]}}},
        "extraFiles": {"f": {"stringData": plant("singleuser extraFiles")}},
        "initContainers": [container("init", "singleuser initContainers")],
        "extraAnnotations": {"x": plant("singleuser annotation")},
        "storage": {"extraVolumes": [{"flexVolume": {"options": {"password": plant("flexVolume")}}}]},
        "profileList": [
            {
                "display_name": "GPU",
                "description": plant("description"),
                "kubespawner_override": {
                    "environment": {"K": plant("profile environment")},
                    "extra_containers": [{"env": plant("profile container")}],
                    "image": "quay.io/x/gpu:1",
                    "extra_pod_config": {"x": plant("profile pod config")},
                },
            }
        ],
    },
    "imagePullSecret": {
        "create": True,
        "registry": "r",
        "username": plant("pull user"),
        "password": plant("pull password"),
    },
    "ingress": {"annotations": {"x": plant("values ingress annotation")}},
    "custom": {"section": {"key": plant("custom")}},
    "global": {"token": plant("global")},
    "debug": {"token": plant("unknown key")},
}


def release(place: str) -> str:
    """A Helm release as Helm stores it."""
    manifest = (
        "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: hub\n"
        f"stringData:\n  token: {plant(f'{place} manifest')}\n"
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n"
        f"data:\n  a: |\n    kind: {plant(f'{place} text')}\n"
    )
    content = {
        "name": "jhub",
        "version": 2,
        "info": {
            "status": "deployed",
            "description": f"failed: token={plant(f'{place} description')}",
            "notes": plant(f"{place} notes"),
        },
        "chart": {
            "metadata": {"name": "jupyterhub", "version": "4.4.0"},
            "values": {"hub": {"db": {"password": plant(f"{place} default")}}},
            "templates": [{"data": b64(plant(f"{place} template"))}],
            "files": [{"data": b64(plant(f"{place} file"))}],
        },
        "config": {
            "hub": {
                "config": {"X": {"client_secret": plant(f"{place} config")}},
                "extraEnv": {"A": plant(f"{place} env")},
            }
        },
        "manifest": manifest,
        "hooks": [{"manifest": f"kind: Job\napiVersion: batch/v1\nenv: {plant(f'{place} hook')}"}],
    }
    return base64.b64encode(gzip.compress(json.dumps(content).encode())).decode()


def objects() -> list[dict[str, Any]]:
    hub_secret = {
        key: b64(plant(f"Secret key {key}"))
        for key in (
            "hub.config.JupyterHub.cookie_secret",
            "hub.config.CryptKeeper.keys",
            "hub.services.grader.apiToken",
            "hub.config.ConfigurableHTTPProxy.auth_token",
            "hub.db.password",
            "file",
            "values.yml",
        )
    }
    pem = "-----BEGIN CERTIFICATE-----\nTUlJQg==\n-----END CERTIFICATE-----"
    log = "\n".join(f"{HEADER} {line}" for line in LEAKING.values())
    dump = f"""{HEADER} Failed for {{'api_version': 'v1',
     'metadata': {{'annotations': {{'x': '{plant("dumped annotation")}'}}}},
     'spec': {{'containers': [{{'args': ['{plant("dumped argument", form="lower")}'],
                               'env': [{{'name': 'JPY_API_TOKEN', 'value': '{plant("dumped env")}'}}]}}]}}}}
    Traceback (most recent call last):
    HTTP response body: {{"message": "pods \\"jupyter-x\\" is forbidden: exceeded quota: q", "code": 403}}"""
    return [
        {"kind": "Values", "values": VALUES},
        {
            "kind": "Deployment",
            "metadata": {"name": "hub", "annotations": noted("hub Deployment")},
            "spec": {"template": {"metadata": {"annotations": noted("hub template")}}},
        },
        {
            "kind": "Deployment",
            "metadata": {"name": "extra", "labels": {"component": "extra"}},
            "spec": {
                "template": {
                    "metadata": {"annotations": noted("extra template")},
                    "spec": {"containers": [container("c", "extra")]},
                }
            },
        },
        {
            "kind": "Pod",
            "metadata": {
                "name": "jupyter-zoe",
                "labels": {"component": "singleuser-server"},
                "annotations": noted("user pod"),
            },
            "spec": {
                "containers": [container("notebook", "user pod")],
                "initContainers": [container("block", "user init")],
                "nodeName": "user-1",
            },
            "status": {
                "phase": "Running",
                "message": f"password={plant('pod message')}",
                "conditions": [{"type": "Ready", "status": "False", "message": f"token: {plant('pod condition')}"}],
                "containerStatuses": [
                    {
                        "name": "notebook",
                        "restartCount": 9,
                        "state": {
                            "waiting": {"reason": "CrashLoopBackOff", "message": f"api_key={plant('waiting message')}"}
                        },
                        "lastState": {
                            "terminated": {
                                "reason": "Error",
                                "exitCode": 1,
                                "message": f"Traceback: postgresql://u:{plant('terminated message')}@h/x",
                            }
                        },
                    }
                ],
            },
        },
        {
            "kind": "Secret",
            "metadata": {"name": "tls", "annotations": noted("tls Secret")},
            "type": "kubernetes.io/tls",
            "data": {"tls.crt": b64(pem + plant("after a certificate")), "tls.key": b64(plant("tls key"))},
        },
        {
            "kind": "Secret",
            "metadata": {
                "name": "sh.helm.release.v1.jhub.v2",
                "labels": {"owner": "helm", "name": "jhub", "status": "deployed", "version": "2"},
            },
            "type": "helm.sh/release.v1",
            "data": {"release": b64(release("release Secret"))},
        },
        {
            "kind": "ConfigMap",
            "metadata": {"name": "hub"},
            "data": {
                "jupyterhub_config.py": plant("config"),
                "password": plant("ConfigMap key", form="lower"),
                "z2jh.py": plant("z2jh"),
                "values.yaml": f"hub: {{db: {{password: {plant('ConfigMap values')}}}}}",
            },
        },
        {
            "kind": "ConfigMap",
            "metadata": {
                "name": "cluster-autoscaler-status",
                "namespace": "kube-system",
                "annotations": noted("autoscaler"),
            },
            "data": {"status": plant("autoscaler status")},
        },
        {
            "kind": "Event",
            "involvedObject": {"kind": "Pod", "name": "jupyter-zoe"},
            "reason": "Unhealthy",
            "type": "Warning",
            "message": f"Readiness probe failed: Authorization: Bearer {plant('event')}",
            "lastTimestamp": "-1m",
        },
        {
            "kind": "Ingress",
            "metadata": {"name": "hub", "annotations": noted("Ingress")},
            "spec": {
                "tls": [{"hosts": ["h"], "secretName": "tls"}],
                "rules": [{"host": "h", "http": {"paths": [{"backend": {"service": {"name": "proxy-public"}}}]}}],
            },
        },
        {
            "kind": "PersistentVolume",
            "metadata": {"name": "smb", "annotations": noted("volume")},
            "spec": {
                "mountOptions": [f"username=u,password={plant('mount option')}"],
                "csi": {"driver": "smb.csi.k8s.io", "volumeAttributes": {"x": plant("volume attribute")}},
            },
        },
        {
            "kind": "StorageClass",
            "metadata": {"name": "sc"},
            "provisioner": "x",
            "parameters": {"k": plant("parameter")},
            "mountOptions": [f"password={plant('class option')}"],
        },
        {
            "kind": "VolumeAttachment",
            "metadata": {"name": "va"},
            "spec": {"nodeName": "user-1"},
            "status": {"attached": False, "attachError": {"message": f"AccountKey={plant('attach error')}"}},
        },
        {"kind": "Service", "metadata": {"name": "proxy-public", "annotations": noted("Service")}},
        {"kind": "Node", "metadata": {"name": "user-1", "annotations": noted("Node")}},
        {"kind": "PersistentVolumeClaim", "metadata": {"name": "claim-zoe", "annotations": noted("claim")}},
        {
            "kind": "Log",
            "pod": "hub-7d9c",
            "container": "hub",
            "text": log + "\n" + dump + f"\nservice: secret={plant('service output')}",
        },
        {"kind": "Log", "pod": "hub-7d9c", "container": "hub", "previous": True, "text": log},
        {"kind": "Log", "pod": "proxy-6c99", "container": "chp", "text": log},
        {"kind": "Log", "pod": "user-scheduler-5f64", "container": "kube-scheduler", "text": log},
        {"kind": "Log", "pod": "jupyter-zoe", "container": "notebook", "text": log},
        {"kind": "Secret", "metadata": {"name": "hub"}, "data": hub_secret},
        *elsewhere(),
    ]


def condition(place: str) -> list[dict[str, Any]]:
    return [{"type": "Ready", "status": "False", "reason": "X", "message": f"client_secret={plant(place)}"}]


def elsewhere() -> Iterator[dict[str, Any]]:
    """Kinds that hold no secrets, as one should think."""
    image = f"robot:{plant('user of an image')}@registry.example.org:5000/team/notebook:1"
    again = f"https://robot:{plant('user of an image as a URL')}@registry.example.org/team/notebook"
    yield {
        "kind": "Pod",
        "metadata": {"name": "jupyter-kim", "labels": {"component": "singleuser-server"}},
        "spec": {
            "containers": [{"name": "notebook", "image": image, "workingDir": plant("working directory")}],
            "nodeName": "user-1",
            "volumes": [
                {"name": "a", "csi": {"driver": "x", "volumeAttributes": {"k": plant("inline CSI volume")}}},
                {"name": "b", "nfs": {"server": "nfs.example.org", "path": "/homes"}},
                {"name": "c", "flexVolume": {"driver": "x", "options": {"k": plant("inline flex volume")}}},
            ],
        },
        "status": {
            "phase": "Pending",
            "reason": "X",
            "containerStatuses": [
                {
                    "name": "notebook",
                    "image": again,
                    "imageID": f"docker-pullable://u:{plant('user of an image id')}@r.example.org/x@sha256:{'ab' * 32}",
                    "state": {
                        "waiting": {"reason": "InvalidImageName", "message": f'couldn\'t parse image name "{image}"'}
                    },
                }
            ],
        },
    }
    for message in (
        f'Failed to pull image "{image}": invalid reference format',
        f'Failed to apply default image tag "{again}": couldn\'t parse image name',
        f'Error: exec: "run": env SECRET_KEY={plant("event env")}: not found',
        f'admission webhook "x" denied: url https://hooks.example.org/x?token={plant("event url")}&a=1',
    ):
        yield {
            "kind": "Event",
            "involvedObject": {"kind": "Pod", "name": "jupyter-kim"},
            "reason": "Failed",
            "type": "Warning",
            "message": message,
            "lastTimestamp": "-1m",
        }
    for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"):
        yield {
            "kind": kind,
            "metadata": {"name": "w", "annotations": noted(f"other {kind}")},
            "webhooks": [
                {
                    "name": "w.example.org",
                    "failurePolicy": "Fail",
                    "clientConfig": {
                        "url": f"https://u:{plant(f'{kind} user')}@w.example.org/{plant(f'{kind} path', form='lower')}"
                        f"?token={plant(f'{kind} url')}",
                        "caBundle": b64(plant(f"{kind} bundle")),
                    },
                    "rules": [{"operations": ["CREATE"], "apiGroups": [""], "resources": ["pods"]}],
                    "matchConditions": [{"name": "x", "expression": plant(f"{kind} expression")}],
                }
            ],
        }
    more_of: dict[str, dict[str, Any]] = {
        "APIService": {"spec": {"service": {"name": "x", "namespace": "y"}, "caBundle": b64(plant("APIService CA"))}},
        "PersistentVolumeClaim": {"spec": {"storageClassName": "sc"}},
        "Deployment": {},
        "Gateway": {},
        "Job": {},
        "Node": {},
        "StatefulSet": {},
        "DaemonSet": {},
        "ReplicaSet": {},
        "HTTPRoute": {
            "spec": {
                "rules": [
                    {"filters": [{"requestHeaderModifier": {"set": [{"name": "A", "value": plant("route header")}]}}]}
                ]
            }
        },
    }
    for kind, more in more_of.items():
        status: dict[str, Any] = {"conditions": condition(f"{kind} condition")}
        if kind == "HTTPRoute":
            status = {"parents": [{"parentRef": {"name": "g"}, "conditions": condition("HTTPRoute parent")}]}
        yield {
            "kind": kind,
            "metadata": {"name": "other", "annotations": noted(f"other {kind}")},
            "status": status,
            **more,
        }
    for kind in (
        *("Namespace", "NetworkPolicy", "PodDisruptionBudget", "ResourceQuota", "LimitRange", "Lease", "EndpointSlice"),
        *("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "PriorityClass", "IngressClass", "CSIDriver"),
    ):
        yield {"kind": kind, "metadata": {"name": "other", "annotations": noted(f"other {kind}")}}
    yield {
        "kind": "ComponentStatus",
        "metadata": {"name": "etcd-0"},
        "conditions": [{"type": "Healthy", "status": "False", "message": f"Get https://u:{plant('etcd')}@e:2379"}],
    }
    yield {
        "kind": "Service",
        "metadata": {
            "name": "cloud",
            "annotations": {
                "service.beta.kubernetes.io/aws-load-balancer-extra": plant("cloud annotation"),
                "service.beta.kubernetes.io/azure-key": plant("cloud key"),
            },
        },
    }
    for path in ("/readyz?verbose", "/livez?verbose"):
        yield {"kind": "Path", "path": path, "text": f"[-]etcd failed: password={plant(path)}\n[+]ping ok"}


class Planted(Example):
    """The demo with secrets everywhere; the keys of the hub's Secret beside its values."""

    def reader(self, **options: Any) -> Any:
        reader = super().reader(**options)
        both = [o for o in reader._objects["secrets"] if o["metadata"]["name"] == "hub"]
        if len(both) == 2:
            both[0]["data"] |= both[1]["data"]
            reader._objects["secrets"].remove(both[1])
        return reader


EXAMPLE = Planted([*Example(DEMO).documents, *objects()])


# --- searching -------------------------------------------------------------------------------------------------------


def forms(secret: str) -> set[str]:
    """How a secret may be written."""
    found = {secret, quote(secret), secret.encode().hex(), secret.upper(), secret.replace("_", "\\_")}
    for pad in ("", "x", "xx"):
        encoded = base64.b64encode((pad + secret).encode()).decode().rstrip("=")
        # the characters that do not depend on what stands around
        found.add(encoded[4 if pad else 0 : -2])
    return found


def leaks(text: str) -> list[str]:
    """The places whose secret is in a text."""
    found = [place for place, secret in PLACES.items() if any(f in text for f in forms(secret))]
    return found + [f"log: {s}" for s in (LOGGED, LOGGED_HEX, "pl4nted", "S3cret", "kubeconfig-t0ken") if s in text]


def unpacked(body: bytes) -> str:
    """A bundle with everything in it, also what is encoded."""
    texts = []
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        for member in archive:
            content = archive.extractfile(member)
            assert content is not None
            texts.append(member.name + "\n" + content.read().decode())
    whole = "\n".join(texts)
    return whole + encoded_in(whole)


def encoded_in(text: str) -> str:
    """What base64 (and gzip in it) in a text holds."""
    found = []
    for encoded in re.findall(r"[A-Za-z0-9+/]{16,}={0,2}", text):
        with contextlib.suppress(ValueError):
            body = base64.b64decode(encoded, validate=True)
            with contextlib.suppress(OSError, EOFError):
                body = gzip.decompress(body)
            found.append(body.decode(errors="replace"))
    return "\n".join(found)


def call(*words: str, stdin: str | None = None) -> tuple[str, int]:
    result = CliRunner().invoke(cli, list(words), input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.stdout + result.stderr, result.exit_code


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with FakeAPI(EXAMPLE).serve() as api:
        yield api.kubeconfig(tmp_path_factory.mktemp("config"))


@pytest.fixture(scope="module")
def bundles(served: str, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("bundles")
    paths = [folder / "plain.tar.gz", folder / "users.tar.gz"]
    call("collect", "--kubeconfig", served, "-o", str(paths[0]))
    call("collect", "--kubeconfig", served, "-o", str(paths[1]), "--redact-users")
    return paths


def test_there_are_secrets_in_many_places_and_they_are_really_served(served: str) -> None:
    raw = json.dumps([o for found in EXAMPLE.reader()._objects.values() for o in found]) + "".join(
        EXAMPLE.reader()._logs.values()
    )
    decoded = raw + encoded_in(raw)
    decoded += encoded_in(decoded)

    assert len(PLACES) > 150
    assert len(set(PLACES.values())) == len(PLACES)
    assert len(leaks(decoded)) > 0.8 * len(PLACES), "the search itself finds them"


@pytest.mark.parametrize("form", sorted(FORMATS))
@pytest.mark.parametrize("more", [(), ("--verbose",), ("--redact-users",)], ids=str)
def test_no_report_of_a_live_run_holds_one(form: str, more: tuple[str, ...], served: str) -> None:
    text, code = call("run", "--kubeconfig", served, "-o", form, *more)

    assert code in {0, 1, 2}
    assert leaks(text) == []


def test_no_bundle_holds_one_also_not_encoded(bundles: list[Path]) -> None:
    for path in bundles:
        content = unpacked(path.read_bytes())
        assert '"pods/log"' in content
        assert "singleuser" in content
        assert leaks(content) == []


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_no_report_of_a_bundle_holds_one(form: str, bundles: list[Path]) -> None:
    for path in bundles:
        text, _ = call("run", "--from", str(path), "-o", form, "--verbose")
        assert leaks(text) == []


def test_no_other_command_tells_one(bundles: list[Path], served: str) -> None:
    a, b = map(str, bundles)
    for words in (
        ("diff", a, b),
        ("diff", a, b, "-o", "json"),
        ("rbac",),
        ("list",),
        ("list", "--facts"),
        ("version",),
        ("schema",),
        ("upgrade", "--kubeconfig", served, "--to-kubernetes", "1.36"),
        ("upgrade", "--kubeconfig", served, "--to-chart", "4.4.0", "-o", "json"),
    ):
        text, code = call(*words)
        assert code != 2, words
        assert leaks(text) == [], words


def test_dumps_of_other_tools_are_redacted_like_everything(tmp_path: Path) -> None:
    items = [o for found in EXAMPLE.reader()._objects.values() for o in found]
    body = json.dumps({"kind": "List", "items": items})
    assert len(leaks(body)) > 50

    for form in FORMATS:
        text, _ = call("run", "--from", "-", "-o", form, "--verbose", stdin=body)
        assert leaks(text) == []


def test_helm_storage_in_config_maps_and_values_of_old_charts(tmp_path: Path) -> None:
    """Charts before 0.10 keep values in a ConfigMap; HELM_DRIVER=configmap keeps releases in one."""
    old = [
        {"kind": "Empty"},
        *(d for d in EXAMPLE.documents if d["kind"] not in {"Values", "Secret", "Release", "Deployment"}),
        {
            "kind": "Deployment",
            "metadata": {"name": "hub", "labels": {"component": "hub", "chart": "jupyterhub-0.9.1"}},
            "spec": {
                "template": {
                    "spec": {
                        "containers": [{"name": "hub", "image": "jupyterhub/k8s-hub:0.9.1"}],
                        "volumes": [
                            {"name": "config", "configMap": {"name": "hub-config"}},
                            {"name": "secret", "secret": {"secretName": "hub-secret"}},
                        ],
                    }
                }
            },
        },
        {"kind": "ConfigMap", "metadata": {"name": "hub-config"}, "data": {"values.yaml": json.dumps(VALUES)}},
        {
            "kind": "ConfigMap",
            "metadata": {
                "name": "jhub.v2",
                "labels": {"owner": "helm", "name": "jhub", "status": "deployed", "version": "2"},
            },
            "data": {"release": release("release ConfigMap")},
        },
        {
            "kind": "Secret",
            "metadata": {"name": "hub-secret"},
            "data": {
                "proxy.token": b64(plant("old proxy token")),
                "values.yaml": b64(json.dumps({"hub": {"cookieSecret": plant("old cookie")}})),
            },
        },
    ]
    with FakeAPI(Planted(old)).serve() as api:
        config = api.kubeconfig(tmp_path)
        path = str(tmp_path / "b.tar.gz")
        call("collect", "--kubeconfig", config, "-o", path)
        text, _ = call("run", "--kubeconfig", config, "--verbose", "-o", "json")

    content = unpacked(Path(path).read_bytes())
    assert "jhub.v2" in content
    assert leaks(content) == []
    assert leaks(text) == []


@pytest.mark.parametrize("fault", ["403", "500", "429"])
def test_what_a_server_answers_to_a_refusal_is_redacted(fault: str, tmp_path: Path) -> None:
    said = f"admission: token={plant(f'refusal {fault}')} postgresql://u:{plant(f'refusal url {fault}')}@h/d"

    with FakeAPI(EXAMPLE, faults={"nodes": fault}, message=said).serve() as api:
        config = api.kubeconfig(tmp_path)
        path = str(tmp_path / "b.tar.gz")
        texts = [call("run", "--kubeconfig", config, "-o", form, "--verbose")[0] for form in FORMATS]
        call("collect", "--kubeconfig", config, "-o", path)

    assert "admission" in texts[0]
    assert [leaks(t) for t in [*texts, unpacked(Path(path).read_bytes())] if leaks(t)] == []


SETUP = {
    "a password in the address": {"server": "http://u:{}@127.0.0.1:9"},
    "a token in the address": {"server": "http://127.0.0.1:9/?token={}"},
    "a password of the proxy": {"proxy-url": "http://u:{}@127.0.0.1:9"},
    "an authority inline": {"server": "https://127.0.0.1:9", "certificate-authority-data": "{}"},
}


@pytest.mark.parametrize("where", SETUP)
@pytest.mark.parametrize("command", ["run", "collect", "upgrade"])
def test_what_cannot_be_reached_is_said_without_the_secrets_of_the_kubeconfig(
    where: str, command: str, tmp_path: Path
) -> None:
    secret = plant(f"kubeconfig: {where}")
    api = FakeAPI(EXAMPLE)
    config = api.kubeconfig(tmp_path, cluster={k: v.format(secret) for k, v in SETUP[where].items()})
    more = ["--to-chart", "4.4.0"] if command == "upgrade" else []
    text, code = call(command, "--kubeconfig", config, *more)

    assert code != 0
    assert "kubeconfig" in text or "cannot be reached" in text
    assert leaks(text) == []


# --- crashes ---------------------------------------------------------------------------------------------------------


def test_a_crash_of_a_check_tells_where_and_nothing_of_the_cluster(
    served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = registry().checks["node-not-ready"]

    def crash(**_: Any) -> Iterator[Any]:
        raise ValueError(plant("crash of a check"), VALUES)

    whole = registry_module.load()
    changed = Check(**{**{f: getattr(broken, f) for f in broken.__dataclass_fields__}, "function": crash})
    whole.checks[broken.id] = changed
    monkeypatch.setattr("jhubdoctor.commands.run.load", lambda: whole)

    for form in sorted(FORMATS):
        text, code = call("run", "--kubeconfig", served, "-o", form, "--verbose")
        assert code in {1, 2, 3}
        assert leaks(text) == [], form
    text, _ = call("run", "--kubeconfig", served)
    assert "ValueError at" in text
    assert "node-not-ready" in text


def test_a_crash_of_the_program_is_no_verdict_and_tells_nothing_of_the_cluster(
    served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: Any, **__: Any) -> None:
        secret = plant("crash of the program")
        raise RuntimeError(f"unexpected: {secret}")

    monkeypatch.setattr("jhubdoctor.commands.run.deliver", crash)

    text, code = call("run", "--kubeconfig", served)

    assert code == 3, "1 would say that findings were told"
    assert "RuntimeError" in text
    assert "test_secrets.py" in text or "run.py" in text
    assert leaks(text) == []
