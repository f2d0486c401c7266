import pytest

from jhubdoctor.testing import findings_of

IMAGE = "quay.io/team/notebook:not-found-429"
WRAPPED = (
    f'Failed to pull image "{IMAGE}": rpc error: code = Unknown desc = failed to pull and unpack image "{IMAGE}":'
    f' failed to resolve reference "{IMAGE}": '
)
# Texts as kubelets of 1.20 to 1.36 pass them on: containerd, dockershim (docker), CRI-O, and the registries themselves.
SAID = [
    (
        'failed to do request: Head "https://quay.io/v2/": read tcp 10.0.0.4:5->1.2.3.4:443: connection reset by p',
        "connection-reset",
    ),
    ('failed to do request: Get "https://quay.io/v2/": EOF', "connection-reset"),
    ("failed to copy: httpReadSeeker: failed open: unexpected EOF", "connection-reset"),
    ('Get "https://quay.io/v2/": net/http: TLS handshake timeout', "timeout"),
    ('failed to do request: Head "https://quay.io/v2/": dial tcp 1.2.3.4:443: i/o timeout', "timeout"),
    ("failed to fetch anonymous token: Get https://auth.docker.io/token: net/http: request canceled", "timeout"),
    ("context deadline exceeded", "timeout"),
    ('Head "https://quay.io/v2/": dial tcp 1.2.3.4:443: connect: connection refused', "unreachable"),
    ('Head "https://quay.io/v2/": dial tcp 1.2.3.4:443: connect: no route to host', "unreachable"),
    ('Head "https://quay.io/v2/": dial tcp: lookup quay.io: no such host', "dns"),
    (
        'Head "https://quay.io/v2/": dial tcp: lookup quay.io on 10.0.0.2:53: read udp 1.1.1.1:5: i/o timeout',
        "dns",
    ),
    ("dial tcp: lookup quay.io on 127.0.0.53:53: server misbehaving", "dns"),
    ("tls: failed to verify certificate: x509: certificate signed by unknown authority", "certificate-authority"),
    ("x509: certificate has expired or is not yet valid", "certificate-time"),
    ("http: server gave HTTP response to HTTPS client", "plain-http"),
    ('failed to do request: Head "https://quay.io/v2/team/manifests/1": Forbidden', "proxy-refuses"),
    ("remote error: tls: internal error", "certificate"),
    ("429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.", "rate-limit"),
    ("unexpected status code [manifests 1]: 429 Too Many Requests", "rate-limit"),
    ("pull QPS exceeded", "kubelet-limit"),
    ("write /var/lib/containerd/tmp: no space left on device", "disk-full"),
    ("failed to register layer: Error processing tar file(exit status 1): no space left on device", "disk-full"),
    ("failed to extract layer sha256:1: mount callback failed: lchown /x: operation not permitted", "owner"),
    ("unexpected status from HEAD request to https://quay.io/v2/: 503 Service Unavailable", "registry-error"),
    ("received unexpected HTTP status: 502 Bad Gateway", "registry-error"),
    ("no match for platform in manifest: not found", "wrong-architecture"),
    ("no matching manifest for linux/arm64/v8 in the manifest list entries", "wrong-architecture"),
    (
        "pull access denied, repository does not exist or may require authorization: insufficient_scope",
        "refused",
    ),
    ("Error response from daemon: unauthorized: access to the requested resource is not authorized", "refused"),
    ("failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized", "refused"),
    (
        "pulling from host 1.dkr.ecr.eu-west-1.amazonaws.com failed with status code [manifests 1]: 403 Forbidden",
        "forbidden",
    ),
    ("no basic auth credentials", "refused"),
    ("Error response from daemon: manifest for team/notebook:1 not found: manifest unknown", "not-found"),
    (f"{IMAGE}: not found", "not-found"),
    ("reading manifest 1 in quay.io/team/notebook: name unknown", "not-found"),
    ("something that no release says yet", "unknown"),
]


def example(said: str, reason: str = "ImagePullBackOff", image: str = IMAGE) -> str:
    message = (WRAPPED + said).replace("'", "''")
    return f"""
kind: Pod
metadata: {{name: jupyter-ada, labels: {{component: singleuser-server}}}}
spec: {{nodeName: user-1, containers: [{{name: notebook, image: "{image}"}}]}}
status:
  phase: Pending
  containerStatuses: [{{name: notebook, state: {{waiting: {{reason: {reason}, message: '{message}'}}}}}}]
"""


@pytest.mark.parametrize(("said", "cause"), SAID)
def test_what_a_kubelet_says_is_told_apart(said: str, cause: str) -> None:
    [found] = findings_of(example(said), "image-pull-failed")

    assert found.finding.cause == f"{cause} {IMAGE}"
    assert "user-1" in found.finding.says


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("InvalidImageName", "invalid-name"),
        ("ErrImageNeverPull", "never"),
        ("SignatureValidationFailed", "signature"),
        ("RegistryUnavailable", "unreachable"),
        ("ImageInspectError", "unpack"),
    ],
)
def test_the_reason_alone_tells(reason: str, cause: str) -> None:
    text = example("", reason).replace(WRAPPED, "")

    assert [f.finding.cause for f in findings_of(text, "image-pull-failed")] == [f"{cause} {IMAGE}"]


def test_one_image_failing_everywhere_is_one_finding() -> None:
    nodes = [f"user-{i}" for i in range(30)]
    text = "---".join(
        example("connection reset by peer")
        .replace("jupyter-ada", f"jupyter-{n}")
        .replace("nodeName: user-1", f"nodeName: {n}")
        for n in nodes
    )

    [found] = findings_of(text, "image-pull-failed")

    assert len(found.finding.on) == len(nodes)
    assert "and 27 more" in found.finding.says


def test_the_fingerprint_does_not_depend_on_who_is_concerned() -> None:
    ada, bob = example("EOF"), example("EOF").replace("jupyter-ada", "jupyter-bob")

    prints = {f.fingerprint for text in (ada, bob, f"{ada}---{bob}") for f in findings_of(text, "image-pull-failed")}

    assert len(prints) == 1


def test_a_frozen_registry_is_answered_with_where_the_image_lives_now() -> None:
    text = """
kind: Pod
metadata: {name: user-scheduler-5f64}
spec: {containers: [{name: kube-scheduler, image: "k8s.gcr.io/kube-scheduler:v1.23.10"}]}
status: {containerStatuses: [{name: kube-scheduler, state: {waiting: {reason: ImagePullBackOff, message: "403"}}}]}
"""

    [found] = findings_of(text, "image-pull-failed")

    image = {"name": "registry.k8s.io/kube-scheduler", "tag": "v1.23.10"}
    assert found.fix.values == {"scheduling": {"userScheduler": {"image": image}}}


def test_a_neighbour_in_the_namespace_is_no_error() -> None:
    text = """
kind: Pod
metadata: {name: dask-1, labels: {component: null, app: dask, release: null}}
spec: {nodeName: user-1, containers: [{name: dask, image: "x/dask:1"}]}
status: {containerStatuses: [{name: dask, state: {waiting: {reason: ImagePullBackOff, message: "not found"}}}]}
"""

    assert [f.severity.value for f in findings_of(text, "image-pull-failed")] == ["warning"]


def test_a_pull_secret_that_is_not_there_is_named_and_made() -> None:
    text = """
kind: Pod
metadata: {name: jupyter-ada, labels: {component: singleuser-server}}
spec: {nodeName: user-1, containers: [{name: notebook, image: "registry.example.org/course:1"}]}
status:
  phase: Pending
  containerStatuses:
    - name: notebook
      image: registry.example.org/course:1
      state: {waiting: {reason: ErrImagePull, message: "MESSAGE"}}
---
kind: Event
involvedObject: {kind: Pod, name: jupyter-ada}
reason: FailedToRetrieveImagePullSecret
message: Unable to retrieve some image pull secrets (course-registry); attempting to pull the image may not succeed.
lastTimestamp: -1m
"""
    [refused] = findings_of(text.replace("MESSAGE", "pull access denied: authorization failed"), "image-pull-failed")
    [other] = findings_of(text.replace("MESSAGE", "manifest unknown"), "image-pull-failed")

    assert refused.finding.says.endswith("the pull secret course-registry that its pods name does not exist")
    assert (
        "create secret docker-registry course-registry --docker-server=registry.example.org" in refused.fix.commands[0]
    )
    assert not refused.fix.values
    # the registry was asked, and knows no such tag: the secret is not why
    assert "does not exist" not in other.finding.says
