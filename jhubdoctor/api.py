"""The names for packs: all that a check needs.

None of it reaches the network, the clock, the terminal or the kubernetes package.
"""

from jhubdoctor.engine.declare import CannotSay, Check, Fact, NotApplicable, Rung, check, fact
from jhubdoctor.engine.look import Look
from jhubdoctor.engine.suppress import Suppression, Suppressions
from jhubdoctor.facts.api_answers import api_answer
from jhubdoctor.facts.cluster import Autoscaler, Health, Served, ServerVersion, Webhooks, parse_health
from jhubdoctor.facts.helm import Listed, Release, Revision
from jhubdoctor.facts.logs import Entry, HubLog, PodLog, Spawn, Spawns, refusal
from jhubdoctor.facts.namespace import Events
from jhubdoctor.facts.traceback import Frame, Raised
from jhubdoctor.facts.users import Shape, may_run, selected, transient, untolerated
from jhubdoctor.model.finding import Evidence, Finding, Fix, Ref, Severity
from jhubdoctor.model.hub import RESTARTS, VALUES_FILE, Hub, Scope, chart_version
from jhubdoctor.model.kube.admission import Webhook
from jhubdoctor.model.kube.cluster import APIService, ComponentStatus, Lease
from jhubdoctor.model.kube.config import Secret
from jhubdoctor.model.kube.custom import Certificate, Challenge, NodeClaim, NodePool
from jhubdoctor.model.kube.events import Event
from jhubdoctor.model.kube.meta import Condition, Object
from jhubdoctor.model.kube.network import (
    EndpointSlice,
    Gateway,
    HTTPRoute,
    Ingress,
    IngressBackend,
    IngressClass,
    IngressPoint,
    NetworkPolicy,
    PolicyPeer,
    PolicyPort,
    RouteParent,
    Service,
)
from jhubdoctor.model.kube.nodes import Node, selector_matches
from jhubdoctor.model.kube.pods import Container, ContainerStatus, Pod, PodSpec, Terminated, VolumeMount
from jhubdoctor.model.kube.policy import (
    LimitRange,
    LimitRangeItem,
    Namespace,
    PodDisruptionBudget,
    PriorityClass,
    ResourceQuota,
)
from jhubdoctor.model.kube.quantity import human, human_bytes, quantity, spawner_bytes
from jhubdoctor.model.kube.rights import ClusterRole, ClusterRoleBinding, Role, RoleBinding
from jhubdoctor.model.kube.selectors import LabelSelector, Taint, Toleration, tolerates
from jhubdoctor.model.kube.storage import (
    CSIDriver,
    CSINode,
    PersistentVolume,
    PersistentVolumeClaim,
    StorageClass,
    VolumeAttachment,
)
from jhubdoctor.model.kube.workloads import DaemonSet, Deployment, Job, ReplicaSet, StatefulSet
from jhubdoctor.model.slugs import expanded, pod_of
from jhubdoctor.model.traits import where_set
from jhubdoctor.model.values import Values, merged, nested
from jhubdoctor.model.words import count, grouped, more, some, times
from jhubdoctor.privacy.releases import TEXT
from jhubdoctor.privacy.text import LINE_LIMIT, clean, excerpt, log_text
from jhubdoctor.sources.reads import Query, ReadState, Unreadable
from jhubdoctor.upgrade.plan import Change, Given, Plan, Problem, Step, Target
