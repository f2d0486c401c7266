"""Why volumes are not mounted, in the words that were seen."""

import pytest

from jhubdoctor.api import Event
from jhubdoctor.testing import Example, findings_of
from jhubdoctor_checks.storage._volume_mount_failed import failure_of

SUM = (
    "Unable to attach or mount volumes: unmounted volumes=[home], unattached volumes=[home]: timed out waiting for the"
)


def said(*messages: str) -> tuple[str, str, str]:
    found = failure_of([Event(message=m) for m in messages])
    return (found.row.word, found.name, found.volume) if found else ("", "", "")


@pytest.mark.parametrize(
    ("message", "cause", "name"),
    [
        # kubelet 1.20 and 1.36
        ('MountVolume.SetUp failed for volume "config" : configmap "hub" not found', "configmap-missing", "hub"),
        ('MountVolume.SetUp failed for volume "secret" : secret "hub" not found', "secret-missing", "hub"),
        (
            'MountVolume.SetUp failed for volume "f" : references non-existent secret key: tls.key',
            "key-missing",
            "tls.key",
        ),
        ('MountVolume.SetUp failed for volume "f" : references non-existent config key: a', "key-missing", "a"),
        (
            'MountVolume.SetUp failed for volume "d" : hostPath type check failed: /data is not a directory',
            "not-a-directory",
            "/data",
        ),
        (
            'MountVolume.SetUp failed for volume "v" : applyFSGroup failed for vol s#mnt#pvc: open /x: permission',
            "fsgroup",
            "",
        ),
        # nfs-subdir-external-provisioner issues 75 and 188, kubernetes issue 30310
        (
            (
                'MountVolume.SetUp failed for volume "v" : exit status 32 Output: mount: /x: bad option; for several '
                "filesystems (e.g. nfs, cifs) you might need a /sbin/mount.<type> helper program."
            ),
            "helper-missing",
            "",
        ),
        (
            'MountVolume.SetUp failed for volume "v" : exit status 32 Output: mount.nfs: Connection timed out',
            "server-silent",
            "",
        ),
        (
            'MountVolume.SetUp failed for volume "v" : Output: mount.nfs: access denied by server while mounting h:/p',
            "server-refuses",
            "",
        ),
        (
            'MountVolume.SetUp failed for volume "v" : h:/p failed, reason given by server: No such file or directory',
            "path-missing",
            "",
        ),
        ('MountVolume.SetUp failed for volume "v" : Output: mount error(13): Permission denied', "server-refuses", ""),
        (
            'MountVolume.SetUp failed for volume "v" : Failed to resolve "fs-1.efs.eu-west-1.amazonaws.com" - check',
            "name-unknown",
            "fs-1.efs.eu-west-1.amazonaws.com",
        ),
        (
            (
                'MountVolume.MountDevice failed for volume "v" : MountDevice failed to create newCsiDriverClient: '
                "driver name efs.csi.aws.com not found in the list of registered CSI drivers"
            ),
            "driver-not-on-node",
            "efs.csi.aws.com",
        ),
        (
            'AttachVolume.Attach failed for volume "v" : rpc error: code = Internal desc = UnauthorizedOperation: You',
            "rights",
            "",
        ),
        (
            'AttachVolume.Attach failed for volume "v" : rpc error: code = NotFound desc = InvalidVolume.NotFound: The',
            "volume-gone",
            "",
        ),
        ('AttachVolume.Attach failed for volume "v" : rpc error: code = Internal desc = nobody knows', "refused", ""),
        (SUM, "slow", ""),
    ],
)
def test_each_cause_by_its_words(message: str, cause: str, name: str) -> None:
    assert said(message)[:2] == (cause, name)


def test_what_says_most_counts_wherever_it_stands() -> None:
    plain = 'MountVolume.SetUp failed for volume "files" : secret "singleuser" not found'

    assert said(SUM, plain) == said(plain, SUM) == ("secret-missing", "singleuser", "files")


def test_a_disk_that_is_elsewhere_is_no_business_of_this_check() -> None:
    multi = 'Multi-Attach error for volume "pv" Volume is already used by pod(s) x'

    assert said(multi) == ("", "", "")
    assert said(SUM, multi)[0] == "slow"


@pytest.mark.parametrize(("age", "count"), [("-3m", 0), ("-6m", 1)])
def test_slow_is_a_fault_after_five_minutes(age: str, count: int) -> None:
    pod = {
        "kind": "Pod",
        "metadata": {"name": "jupyter-ada", "creationTimestamp": age, "labels": {"component": "singleuser-server"}},
        "spec": {"nodeName": "user-1"},
        "status": {"phase": "Pending"},
    }
    event = {
        "kind": "Event",
        "involvedObject": {"kind": "Pod", "name": "jupyter-ada"},
        "reason": "FailedMount",
        "message": SUM,
        "lastTimestamp": "-10s",
    }

    assert len(findings_of(Example([pod, event]), "volume-mount-failed")) == count


def test_pods_with_one_reason_are_one_finding() -> None:
    documents = []
    for user in ("ada", "bob"):
        documents.append(
            {
                "kind": "Pod",
                "metadata": {"name": f"jupyter-{user}", "labels": {"component": "singleuser-server"}},
                "spec": {"nodeName": "user-1"},
                "status": {"phase": "Pending"},
            }
        )
        documents.append(
            {
                "kind": "Event",
                "metadata": {"name": user},
                "involvedObject": {"kind": "Pod", "name": f"jupyter-{user}"},
                "reason": "FailedMount",
                "message": f'MountVolume.SetUp failed for volume "pvc-{user}" : mount.nfs: access denied by server',
                "lastTimestamp": "-10s",
            }
        )

    [found] = findings_of(Example(documents), "volume-mount-failed")

    assert [r.name for r in found.finding.on] == ["jupyter-ada", "jupyter-bob"]
