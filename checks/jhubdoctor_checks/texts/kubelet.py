"""What kubelets, container runtimes, network plugins and mount helpers say of a pod and of their node."""

from __future__ import annotations

from jhubdoctor.api import Fix
from jhubdoctor_checks.texts import Known, upgraded

# Events FailedMount and FailedAttachVolume, after "a volume ..."; `name` is what is missing or who refuses.
MOUNTS: tuple[Known[None], ...] = (
    Known(
        "secret-missing",
        r'secrets? "(?P<name>[^"]+)" not found',
        "needs the Secret {name}, which does not exist",
        Fix("Make the Secret {name}, or correct its name in the values."),
        "kubelet 1.20, 1.36",
    ),
    Known(
        "configmap-missing",
        r'configmaps? "(?P<name>[^"]+)" not found',
        "needs the ConfigMap {name}, which does not exist",
        Fix("Make the ConfigMap {name}, or correct its name in the values."),
        "kubelet 1.20, 1.36",
    ),
    Known(
        "key-missing",
        r"references non-existent (?:secret|config) key: (?P<name>\S+)",
        "needs the key {name} of a Secret or ConfigMap, which has no such key",
        Fix("Add the key {name}, or correct it in the values."),
        "kubelet 1.20, 1.36",
    ),
    Known(
        "driver-not-on-node",
        r"driver name (?P<name>\S+) not found in the list of registered CSI drivers",
        "is made by the driver {name}, which is not registered on the node",
        Fix(
            "See whether the pod of {name} (a DaemonSet) is on that node and Ready. Where there is none, it may lack "
            "a toleration for the node's taints; where it is Ready, start it again: it registers when it starts."
        ),
        "kubelet, kubernetes-csi/csi-driver-nfs issue 918",
    ),
    Known(
        "driver-silent",
        r"csi[\w.-]*\.sock.{0,40}(?:refused|no such file|deadline|reset)",
        "is made by a driver whose plugin on the node does not answer",
        Fix("See the driver's pod on that node (a DaemonSet), and its log."),
        "kubelet 1.20 to 1.36: pkg/volume/csi",
    ),
    Known(
        "helper-missing",
        r"need a /sbin/mount\.|unknown filesystem type '?(?:nfs|cifs|efs|ceph)",
        "is of a kind that the node cannot mount: the helper program is not installed there",
        Fix("Install the client on the nodes (nfs-common or nfs-utils for NFS, cifs-utils for SMB)."),
        "mount(8), kubernetes issue 30310",
    ),
    Known(
        "server-refuses",
        r"access denied by server|mount error\(13\)|Permission denied while mounting",
        "is refused by the file server",
        Fix("Allow the nodes' addresses in the server's export rules, and check the share's credentials."),
        "mount.nfs, mount.cifs",
    ),
    Known(
        "path-missing",
        r"(?:reason given by server|mount\.nfs): .{0,200}No such file or directory|mount error\(2\)",
        "names a path that does not exist on the file server",
        Fix("Make the directory on the server, or correct the path of the volume."),
        "mount.nfs, mount.cifs",
    ),
    Known(
        "device-missing",
        r"special device \S+ does not exist",
        "is not there on the node: its device does not exist",
        Fix("See whether the disk is attached to that machine, and what the storage driver's pod on the node logs."),
        "mount(8)",
    ),
    # said by a driver, in whose own container that folder is not
    Known(
        "driver-elsewhere",
        r"rpc error: .*mkdir (?P<name>/(?!\S*/pods/)[^\s:]+): read-only file system",
        "is made by a driver that looks for it in {name}, which is not in the driver's pod",
        Fix(
            "Tell the driver where the kubelet of these nodes keeps its files (its chart's kubeletDir or"
            " linux.kubelet): MicroK8s and k0s do not use /var/lib/kubelet."
        ),
        "kubernetes-csi/csi-driver-nfs#514, aws-ebs-csi-driver#1517, cert-manager/csi-driver#240",
    ),
    # said by the kubelet, of its own disk: Linux makes it read-only after an error of the disk
    Known(
        "node-read-only",
        r'failed for volume "[^"]+" ?: mkdir \S*/pods/\S+: read-only file system',
        "cannot be mounted: the disk of that node is read-only",
        Fix(
            "Take the node out of use, as shown, and restart or replace it: its disk failed, and so does what starts"
            " there.",
            commands=("kubectl cordon {node}", "kubectl drain {node} --ignore-daemonsets --delete-emptydir-data"),
            caution="Servers on this node end. What lies on volumes is kept; what lies on the node's disk is lost.",
        ),
        "pkg/kubelet; mybinder.org incident of 2018-03-31",
    ),
    Known(
        "name-unknown",
        r"Failed to resolve (?:server )?\"?(?P<name>[\w.-]+)|could not resolve address",
        "names a file server that the node cannot look up",
        Fix("Correct the server's name in the volume, or the DNS that nodes use (not the cluster's own DNS)."),
        "mount.nfs, efs-utils",
    ),
    Known(
        "server-silent",
        r"Connection timed out|Connection refused|No route to host|Network is unreachable|mount error\(11[0135]\)",
        "is on a file server that the node does not reach",
        Fix(
            "Open the way from the nodes to the server (NFS: port 2049; EFS: the security group of its mount targets)."
        ),
        "mount.nfs, mount.cifs",
    ),
    Known(
        "fsgroup",
        r"applyFSGroup failed",
        "cannot be given to the pod's group",
        Fix(
            "Take fsGroup off the pods (hub.podSecurityContext, singleuser.fsGid: null), or let the share allow chown."
        ),
        "kubelet 1.20 and later, csi-driver-nfs issue 894",
    ),
    Known(
        "damaged",
        r"bad superblock|[Ss]tructure needs cleaning|fsck found errors|can't read superblock",
        "has a damaged file system",
        Fix("Repair the file system (fsck) while no node mounts it, or restore the volume from a backup."),
        "mount(8), k8s.io/mount-utils",
    ),
    Known(
        "not-a-socket",
        r"hostPath type check failed: (?P<name>\S+) is not a socket",
        "is {name} of its node, which is missing there or is of another kind",
        Fix(
            "See that what makes {name} runs on that node and starts before its users. Where {name} has become a folder"
            " (a pod that came first had it made as one), remove that empty folder on the node, and restart what makes"
            " the socket."
        ),
        "pkg/volume/hostpath, 1.20 to 1.36; binderhub issues 349, 1230",
    ),
    Known(
        "not-a-directory",
        r"hostPath type check failed: (?P<name>\S+) is not an? (?!socket)(?P<kind>[a-z ]+)",
        "wants {kind} at {name} on the node, where there is none",
        Fix(
            "See what stands at {name} on the node. Nothing: what makes it does not run there, or the volume's path is "
            "wrong."
        ),
        "kubelet 1.20, 1.36",
    ),
    # Kubernetes knows of no attachment where these are said; where it does, the event is `Multi-Attach error`
    Known(
        "held-in-cloud",
        r"(?i)current(?:ly| status is) (?:in )?'?in-use|VolumeInUse|is already attached to (?:an )?instance"
        r"|attached to a different instance|RESOURCE_IN_USE_BY_ANOTHER_RESOURCE|is already being used by"
        r"|AttachDiskWhileBeingDetached|already attached to (?:node|virtual machine|the droplet)",
        "cannot be attached: the cloud says that it is in use, still attached to another machine",
        Fix(
            "Find in the cloud's console which machine holds the disk. Where no pod on it uses it any more, and no "
            "VolumeAttachment stands for it, detach it there: the pod starts by itself then.",
            commands=("kubectl get volumeattachments",),
            caution="Never detach a disk that a running pod writes to: its file system breaks.",
        ),
        "zonca/jupyterhub-deploy-kubernetes-jetstream#40; kubernetes/kubernetes#44536; EBS, GCE PD, Azure disk",
    ),
    Known(
        "rights",
        r"UnauthorizedOperation|not authorized|AccessDenied|have authorization|PermissionDenied",
        "cannot be attached: the storage driver lacks rights in the cloud",
        Fix("Give the driver's service account the right to attach volumes."),
        "EBS, Azure disk",
    ),
    Known(
        "volume-gone",
        r"InvalidVolume\.NotFound|[Vv]olume \S* ?(?:not found|does not exist)|disk \S+ not found",
        "does not exist any more in the cloud",
        Fix("Restore the disk from a snapshot, or make a new claim."),
        "EBS, GCE PD, Cinder",
    ),
)
# These say no more than that it failed, or that it took long; first what has a text of its own.
MOUNT_FAILED: Known[None] = Known(
    "refused", "", "cannot be mounted: {last}", Fix("See the whole event, and the storage driver's log."), ""
)
MOUNT_SLOW: Known[None] = Known(
    "slow",
    r"Unable to (?:attach or )?mount volumes|timed out waiting|[Dd]eadline ?[Ee]xceeded|failed to sync \w+ cache",
    "is not mounted in time",
    Fix("See the storage driver's pods on that node, and whether the disk is attached elsewhere."),
    "kubelet 1.20; 1.36 no longer says so",
)

# Event FailedCreatePodSandBox: fragments of network plugins and of container runtimes.
SANDBOXES: tuple[Known[None], ...] = (
    Known(
        "addresses",
        r"(?i)failed to assign an IP|no (?:more |available |free )?IPs? (?:addresses )?(?:available|left|addresses)"
        r"|no available IP|failed to allocate for range|InsufficientCidrBlocks|insufficient IP|IP pool .*exhausted",
        "there is no free IP address left on the node",
        Fix("Give the nodes more addresses (larger subnets or pod ranges), or run fewer pods on each."),
        "amazon-vpc-cni, Calico, Cilium, host-local, azure-cni",
    ),
    Known(
        "disk-full",
        r"no space left on device",
        "there is no space left on the node",
        Fix("Free the file system that the message names (images, logs; /run is memory), or replace the node."),
        "containerd, CRI-O",
    ),
    Known(
        "pause-image",
        r"(?i)sandbox image",
        "the node cannot get the image that every pod begins with (pause)",
        Fix("Let the node reach the registry of that image, or set another one in the container runtime."),
        "containerd: internal/cri/server/podsandbox",
    ),
    Known(
        "not-ready",
        r"(?i)plugin not initialized|network is not ready|no networks found|NetworkPluginNotReady",
        "the network plugin of the node does not run",
        Fix("See the network plugin's pod on that node (in kube-system, mostly)."),
        "kubelet, containerd, CRI-O",
    ),
    Known(
        "plugin-unauthorized",
        r"connection is unauthorized: Unauthorized|error getting ClusterInformation",
        "the API server does not take the network plugin's token",
        Fix(
            "Restart the network plugin on that node (its pod of calico-node): its token has run out, which it renews "
            "while it runs. Where it comes back, see the node's clock and the plugin's service account.",
        ),
        "projectcalico/calico: cni-plugin over libcalico-go, 3.20 to 3.30",
    ),
    Known(
        "runtime-class",
        r"(?i)no runtime for|RuntimeHandler|runtime handler",
        "the node does not have the pod's runtime",
        Fix("Correct the runtime class, or let users only on nodes that have it."),
        "kubelet, containerd, CRI-O",
    ),
)
SANDBOX_FAILED: Known[None] = Known(
    "other",
    "",
    "the node cannot set up its sandbox: {last}",
    Fix("See the whole event. Where it names a network plugin (add, CNI), that one's pod on the node logs more."),
    "",
)

# Reasons for a container that cannot even be made or started (pkg/kubelet/kuberuntime, 1.20 to 1.36; StartError and
# ContainerCannotRun come from container runtimes); those about images are none of these.
CANNOT_START = frozenset(
    {"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "StartError", "ContainerCannotRun"}
)
# Waiting and ending messages of containers that cannot be made or started. `command` is what the container runs, `pod`
# its pod.
_RUNTIMES = "pkg/kubelet/kuberuntime, 1.20 to 1.36; runc and crun through containerd and CRI-O"
_LOOK = "kubectl --namespace {ns} describe pod {pod}"
_CORRECT = Fix("Correct what the message names.", commands=(_LOOK,))
_NEW_ONES = "This restarts the hub; it holds for servers that are started after it."
STARTS: tuple[Known[None], ...] = (
    # runc and crun; a mount or a directory that is not there says it in other words
    Known(
        "command-missing",
        r"executable file [^:]{0,200}not found|exec: \"[^\"]+\": (?:stat [^:]+: )?no such file or directory",
        "{command} is not in the image",
        _CORRECT,
        _RUNTIMES,
    ),
    Known(
        "command-not-allowed",
        r"exec: \"[^\"]+\": (?:stat [^:]+: )?permission denied|open executable: Permission denied",
        "{command} may not be executed",
        _CORRECT,
        _RUNTIMES,
    ),
    Known(
        "command-of-another-kind",
        r"exec format error",
        "{command} is no program that this node can run: it is built for another processor, or is a script without #!",
        Fix("Use an image for the processor of the node; let a script begin with #!.", commands=(_LOOK,)),
        "runc; jupyterhub/zero-to-jupyterhub-k8s#1422",
    ),
    Known(
        "directory-not-allowed",
        r"(?:chdir to cwd|cannot chdir to|mkdir) \(?[\"`]?(?P<path>/[^\"`)\s]+).{0,80}[Pp]ermission denied",
        "it may not enter its working directory {path}",
        Fix(
            "Let the user that the container runs as enter {path}: the rights of the directory and of its volume "
            "(an NFS share with root_squash).",
            commands=(_LOOK,),
        ),
        "opencontainers/runc#3086, containers/crun",
    ),
    Known(
        "reference-missing",
        r"(?:secret|configmap) \"(?P<x>[\w.-]+)\" not found|couldn't find key (?P<y>[\w.-]+)",
        "{x}{y} does not exist",
        Fix(
            "Create it, or correct what refers to it (singleuser.extraEnv, a profile).",
            commands=("kubectl --namespace {ns} get secrets,configmaps", _LOOK),
        ),
        _RUNTIMES,
    ),
    Known(
        "root-not-allowed",
        r"runAsNonRoot|image will run as root|non-numeric user",
        "it may not run as the image's user",
        upgraded(
            "Let the container run as a user by number: singleuser.uid, 1000 in Jupyter's images.",
            {"singleuser": {"uid": 1000}},
            _LOOK,
            caution=_NEW_ONES,
        ),
        _RUNTIMES,
    ),
    # the kernel counts memory cgroups, also those that wait to be freed; no disk is full
    Known(
        "cgroups",
        r"cgroup[^:]*: no space left on device",
        "the kernel of {node} makes no more control groups",
        Fix(
            "Drain the node and restart it; a newer kernel frees control groups sooner.",
            commands=("kubectl drain {node} --ignore-daemonsets --delete-emptydir-data",),
            caution="Servers on this node end.",
        ),
        "kubernetes/kubernetes#61937, opencontainers/runc#1725",
    ),
    Known(
        "disk-full",
        r"(?P<path>/[^\s:\"]+)?\"?: (?:no space left on device|disk quota exceeded)",
        "there is no space left on {node}{at}",
        Fix(
            "Free the file system on {node} (images and logs fill disks, and /run is memory), or replace the node; "
            "until then keep new servers off it.",
            commands=("kubectl describe node {node}", "kubectl cordon {node}"),
        ),
        "jupyterhub/mybinder.org-deploy#2712; runc and crun",
    ),
    Known(
        "device-missing",
        r"(?i)nvidia-container-(?:cli|runtime)|unresolvable CDI|cdi device|device plugin|no such device\b",
        "the node cannot give it a device that it asks for",
        _CORRECT,
        _RUNTIMES,
    ),
    # nothing here tells that it is a volume: the runtime mounts files of its own too
    Known(
        "mount-not-allowed",
        r"(?i)mount a directory onto a file|subPath|mount through procfd|error mounting",
        "something cannot be mounted where it should be ({last})",
        _CORRECT,
        _RUNTIMES,
    ),
)
START_FAILED: Known[None] = Known(
    "other", "", "the node says: {last}", Fix("See the whole of what the node says.", commands=(_LOOK,)), ""
)
# Where it is the notebook whose command is not there.
WITHOUT_JUPYTERHUB = upgraded(
    "Install the hub's version of jupyterhub into the image, so that it has jupyterhub-singleuser. One that starts it "
    "itself (docker-stacks, and what is built on them) wants singleuser.cmd: null, as shown.",
    {"singleuser": {"cmd": None}},
    _LOOK,
    caution=_NEW_ONES,
)

# The condition Ready of a node, with the runtimes' own words inside. `node` is its name.
_OF_ITSELF = "pkg/kubelet/nodestatus/setters.go, 1.20 and 1.36"
_RESTART = Fix("See what the kubelet says, and restart it or the machine.", commands=("kubectl describe node {node}",))
FAULTS: tuple[Known[None], ...] = (
    Known(
        "network",
        r"(?i)network(?:Plugin)? ?(?:is )?not ?ready|cni",
        "the pod network does not work",
        Fix(
            "See the pods of the network plugin on that node (Calico, Cilium, the cloud's CNI).",
            commands=("kubectl get pods --namespace kube-system --field-selector spec.nodeName={node} -o wide",),
        ),
        _OF_ITSELF,
    ),
    Known(
        "runtime",
        r"(?i)container runtime|PLEG|rpc error",
        "the container runtime does not work",
        _RESTART,
        _OF_ITSELF,
    ),
    Known("stopping", r"(?i)shutting down|shutdown", "the machine shuts down", _RESTART, _OF_ITSELF),
)
FAULT: Known[None] = Known("not-ready", "", "the kubelet says: {last}", _RESTART, "")
