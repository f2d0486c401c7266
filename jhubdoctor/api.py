"""The names for packs: all that a check needs.

None of it reaches the network, the clock, the terminal or the kubernetes package.
"""

from jhubdoctor.engine.declare import Check, Fact, NotApplicable, check, fact
from jhubdoctor.engine.suppress import Suppression, Suppressions
from jhubdoctor.facts.cluster import Autoscaler, Health, Served, ServerVersion, Webhooks, parse_health
from jhubdoctor.facts.helm import Listed, Release, Revision
from jhubdoctor.facts.hub import Hub, Scope, chart_version
from jhubdoctor.facts.logs import Entry, HubLog, PodLog, Spawn, Spawns, pod_of, refusal
from jhubdoctor.facts.namespace import Events
from jhubdoctor.facts.users import Shape, may_run, selected, transient, untolerated
from jhubdoctor.model.finding import Evidence, Finding, Fix, Ref, Severity
from jhubdoctor.model.kube import (
    APIService,
    ClusterRole,
    ClusterRoleBinding,
    ComponentStatus,
    Condition,
    Container,
    ContainerStatus,
    CSIDriver,
    CSINode,
    DaemonSet,
    Deployment,
    EndpointSlice,
    Event,
    HTTPRoute,
    Ingress,
    IngressClass,
    Job,
    LabelSelector,
    Lease,
    LimitRange,
    LimitRangeItem,
    Namespace,
    NetworkPolicy,
    Node,
    Object,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    PodDisruptionBudget,
    PodSpec,
    PolicyPeer,
    PolicyPort,
    PriorityClass,
    ReplicaSet,
    ResourceQuota,
    Role,
    RoleBinding,
    Secret,
    Service,
    StatefulSet,
    StorageClass,
    Taint,
    Terminated,
    Toleration,
    VolumeAttachment,
    VolumeMount,
    Webhook,
    human,
    human_bytes,
    quantity,
    selector_matches,
    tolerates,
)
from jhubdoctor.model.values import Values, nested
from jhubdoctor.model.words import count, grouped, some, times
from jhubdoctor.privacy.text import clean, log_text
from jhubdoctor.sources.reader import Look
from jhubdoctor.sources.reads import Query, State, Unreadable
from jhubdoctor.upgrade.plan import Change, Given, Plan, Problem, Step, Target
