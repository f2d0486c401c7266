"""What KubeSpawner itself makes: questions as JSON on standard input, the answers on standard output.

It runs with the Python of a hub, so it has nothing of jhubdoctor. Its argument is a configuration of JupyterHub, which
reads the values of a hub from `$JHUBDOCTOR_TEST_HUB`. Nothing is asked of a cluster.
"""

# It runs with another Python, whose packages are not here to be typed by, and does one thing after the other.
# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ASYNC240

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from unittest import mock

NOWHERE = {
    "apiVersion": "v1", "kind": "Config", "current-context": "nowhere",
    "clusters": [{"name": "nowhere", "cluster": {"server": "http://127.0.0.1:1"}}],
    "users": [{"name": "nowhere", "user": {"token": "none"}}],
    "contexts": [{"name": "nowhere", "context": {"cluster": "nowhere", "user": "nowhere"}}],
}  # fmt: skip


def spawner(config, user="ada", server="", options=None):
    """A spawner for a server, as a hub makes it before the start."""
    orm = mock.MagicMock(server=None)
    orm.name = server
    owner = mock.MagicMock(id=1, url="/user/ada/", escaped_name="ada")
    owner.name = user
    hub = mock.MagicMock(public_host="", url="http://hub", base_url="/hub/", api_url="http://hub/hub/api")
    return KubeSpawner(hub=hub, user=owner, orm_spawner=orm, config=config, user_options=options or {}, _mock=False)


def name(question):
    """The name of a claim; None where this KubeSpawner does not know a field of the template."""
    user, server, template, scheme = question
    config = Config()
    config.KubeSpawner.pvc_name_template = template
    if hasattr(KubeSpawner, "slug_scheme"):
        config.KubeSpawner.slug_scheme = scheme
    try:
        return spawner(config, user, server).pvc_name
    except KeyError:
        return None


async def pod(question, code):
    """What of a pod the scheduler and the policies look at, for values and the choices of a user."""
    Path(os.environ["JHUBDOCTOR_TEST_HUB"]).write_text(json.dumps(question["settings"]))
    config = Config()
    exec(code, {"get_config": lambda: config, "c": config, "__file__": sys.argv[1]})  # noqa: S102  - as JupyterHub does
    one = spawner(config, options=question["options"])
    await one.load_user_options()
    spec = ApiClient().sanitize_for_serialization(await one.get_pod_manifest())["spec"]
    [container] = [c for c in spec["containers"] if c["name"] == "notebook"]
    affinity = spec.get("affinity", {}).get("nodeAffinity", {})
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution", {})
    return {
        "image": container["image"],
        "nodeSelector": spec.get("nodeSelector", {}),
        "tolerations": spec.get("tolerations", []),
        "terms": required.get("nodeSelectorTerms", []),
        "requests": container.get("resources", {}).get("requests", {}),
        "limits": container.get("resources", {}).get("limits", {}),
    }


async def main():
    """Answer what is asked."""
    questions = json.load(sys.stdin)
    code = compile(Path(sys.argv[1]).read_text(), sys.argv[1], "exec")
    answers = {
        "names": [name(q) for q in questions.get("names", [])],
        "pods": [await pod(q, code) for q in questions.get("pods", [])],
    }
    print(json.dumps(answers))  # noqa: T201  - the answer


with tempfile.TemporaryDirectory() as folder:
    kubeconfig = Path(folder) / "kubeconfig"
    kubeconfig.write_text(json.dumps(NOWHERE))
    os.environ |= {"KUBECONFIG": str(kubeconfig), "JHUBDOCTOR_TEST_HUB": str(Path(folder) / "settings.json")}
    # the configuration is read when a spawner is made, and KubeSpawner may read it when it is imported
    from kubernetes_asyncio.client import ApiClient
    from kubespawner import KubeSpawner
    from traitlets.config import Config

    asyncio.run(main())
