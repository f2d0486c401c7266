"""What an API server says where it refuses to create a pod or a claim.

Admission leaves no event of a user's pod behind: the hub's log is the only place that tells. Of pods of Deployments the
condition ReplicaFailure tells. The texts were the same from Kubernetes 1.20 to 1.36 unless said otherwise.
"""

from __future__ import annotations

from jhubdoctor.api import RESTARTS, Fix
from jhubdoctor_checks.texts import Known, rbac, upgraded

WEBHOOKS = "kubectl get mutatingwebhookconfigurations,validatingwebhookconfigurations"
_QUOTA = "plugin/pkg/admission/resourcequota/controller.go, 1.20 to 1.36"
_LIMITS = "plugin/pkg/admission/limitranger/admission.go, 1.20 to 1.36"
_WEBHOOK = "staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook, 1.20 to 1.36"
_VALIDATION = "staging/src/k8s.io/apimachinery/pkg/api/validation, pkg/apis/core/validation, 1.20 to 1.36"
_SPEC = upgraded(
    "Correct the value behind the field that the message names (singleuser.*, a profile's kubespawner_override, or "
    "hub.config.KubeSpawner)."
)
_RANGE = Fix("Change {change} to fit the namespace's LimitRange, or change the LimitRange.", commands=(
    "kubectl --namespace {ns} describe limitranges",
))  # fmt: skip

ETCD_FULL: Known[None] = Known(
    "etcd-full",
    r"etcdserver: mvcc: database space exceeded",
    "etcd, where the API server keeps everything, is full and takes no writes",
    Fix(
        "Compact and defragment etcd, disarm its alarm (etcdctl compact, defrag, alarm disarm), and find what fills "
        "it; on a managed cluster ask the provider."
    ),
    "jupyterhub/mybinder.org-deploy#1557; etcd 3: server/etcdserver/errors.go",
)

# The first that matches wins, so what is particular stands before what is general. What is said is said of a user's
# server, after "The API server refuses ...:".
ADMISSION: tuple[Known[None], ...] = (
    Known(
        "quota-exceeded",
        r"exceeded quota: (?P<quota>[\w.-]+), requested: (?P<requested>.+?), used: (?P<used>.+?),"
        r" limited: (?P<limited>[^;]+)",
        "quota {quota} is used up ({used} of {limited}, and {requested} is asked for)",
        Fix(
            "Raise the quota, as shown ({requested} is asked for; {used} of {limited} are used); or ask for less "
            "for each server, or end what nobody uses: servers by cull.timeout, claims by hand, whose data goes.",
            commands=(
                "kubectl --namespace {ns} describe resourcequota {quota}",
                "kubectl --namespace {ns} edit resourcequota {quota}",
            ),
        ),
        _QUOTA,
    ),
    # a name that looks like a secret is gone from the hub's log by the time it is read
    Known(
        "quota-exceeded-unnamed",
        r"exceeded quota: \[removed\], requested: (?P<requested>.+?), used: (?P<used>.+?), limited: (?P<limited>[^;]+)",
        "a quota is used up ({used} of {limited}, and {requested} is asked for)",
        Fix(
            "Raise the quota, as shown ({requested} is asked for; {used} of {limited} are used); or ask for less "
            "for each server, or end what nobody uses: servers by cull.timeout, claims by hand, whose data goes.",
            commands=("kubectl --namespace {ns} describe resourcequotas",),
        ),
        _QUOTA,
    ),
    # the names of the containers after `for:` came with 1.26
    Known(
        "quota-needs-limits",
        r"failed quota: (?P<quota>[\w.-]+): must specify (?P<wanted>[^\"]{1,200})",
        "quota {quota} takes only pods that name {wanted}",
        upgraded(
            "A quota on limits or requests takes only pods that name them. Set them for users (the amounts are a "
            "start)",
            None,
            "kubectl --namespace {ns} describe resourcequota {quota}",
        ),
        _QUOTA,
    ),
    Known(
        "quota-not-counted",
        r"status unknown for quota|insufficient quota to (?:consume|match these scopes)",
        "the quota has not been counted yet, or none covers such pods",
        Fix(
            "It passes by itself; where it stays, see whether kube-controller-manager runs.",
            commands=("kubectl --namespace {ns} get resourcequotas",),
        ),
        _QUOTA,
    ),
    Known(
        "pod-security",
        r'violates PodSecurity "(?P<level>[^"]+)"',
        "the namespace's Pod Security rules forbid such pods",
        Fix(
            "Make the pods fit the namespace's Pod Security level, or choose another level for the namespace.",
            commands=("{upgrade}", "kubectl get namespace {ns} --show-labels"),
        ),
        "k8s.io/pod-security-admission, 1.22 to 1.36",
    ),
    Known(
        "pod-security-policy",
        r"unable to validate against any pod security policy|PodSecurityPolicy: unable to admit",
        "no PodSecurityPolicy that the hub may use allows such pods",
        Fix(
            "Make the pods fit a policy that the hub's account may use, or let it use one that allows them.",
            commands=("kubectl get podsecuritypolicies",),
        ),
        "plugin/pkg/admission/security/podsecuritypolicy, 1.20 to 1.24",
        until="Kubernetes 1.24",
    ),
    # it names each constraint that may not be used, and each field that another does not take
    Known(
        "openshift-scc",
        r"unable to validate against any security context constraint",
        "no SecurityContextConstraint of OpenShift that may be used here allows such pods",
        Fix(
            "Leave out what the message names, or let the hub's service account use a constraint that allows it.",
            commands=("oc adm policy who-can use securitycontextconstraints anyuid --namespace {ns}",),
        ),
        "openshift/apiserver-library-go: securitycontextconstraints; jupyterhub/zero-to-jupyterhub-k8s#2896",
    ),
    Known(
        "privileged-off",
        r"privileged: Forbidden: disallowed by cluster policy",
        "the API server takes no privileged containers",
        Fix("Start the API server with --allow-privileged (microk8s, OpenStack Magnum), or leave the container out."),
        "pkg/apis/core/validation/validation.go, 1.20 to 1.36",
    ),
    ETCD_FULL,
    Known(
        "etcd-failing",
        r"etcdserver: (?P<what>[^\"]{1,80})",
        "etcd, where the API server keeps everything, fails ({what})",
        Fix("Look at etcd: its members, its disks and its log; on a managed cluster ask the provider."),
        "etcd 3: server/etcdserver/errors.go",
    ),
    Known(
        "limit-range",
        r"(?P<end>minimum|maximum) (?P<resource>[\w.\-/]+) usage per (?P<kind>\w+) is (?P<bound>[^,\s]+)",
        "the LimitRange sets a {end} of {bound} {resource} for each {kind}",
        _RANGE,
        _LIMITS,
    ),
    Known(
        "limit-range-ratio",
        r"(?P<resource>[\w.\-/]+) max limit to request ratio per (?P<kind>\w+) is (?P<bound>[^,\s]+)",
        "the LimitRange wants limit and request of {resource} no further apart than {bound} to 1",
        _RANGE,
        _LIMITS,
    ),
    Known(
        "guarantee-above-limit",
        r"[Mm]ust be less than or equal to (?P<resource>cpu|memory) limit",
        "the guarantee of {resource} is above its limit",
        upgraded("Set singleuser.{resource}.guarantee no higher than .limit, in profiles too."),
        "pkg/apis/core/validation/validation.go, 1.20 to 1.36",
    ),
    Known(
        "webhook-certificate",
        r'failed calling (?:admission )?webhook "(?P<webhook>[\w.-]+)"[\s\S]*x509: ',
        "the certificate of the admission webhook {webhook} is none that the API server takes ({last})",
        Fix(
            "Have the webhook's certificate made anew, or its caBundle set to who signed it (cert-manager, or a Job of"
            " the webhook's own chart, does both). Until then nothing that the webhook covers can be created.",
            commands=(
                f"{WEBHOOKS} -o 'custom-columns=NAME:.metadata.name,WEBHOOKS:.webhooks[*].name' | grep {{webhook}}",
            ),
        ),
        "staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook, 1.20 to 1.36; Go: crypto/x509",
    ),
    Known(
        "webhook-failed",
        r'failed calling (?:admission )?webhook "(?P<webhook>[\w.-]+)"',
        "the admission webhook {webhook} cannot be called ({last})",
        Fix(
            "See that the service behind the webhook runs, and that the API server reaches it (on private clusters a "
            "firewall between them is common). Until then nothing that the webhook covers can be created.",
            commands=(
                f"{WEBHOOKS} -o 'custom-columns=NAME:.metadata.name,WEBHOOKS:.webhooks[*].name' | grep {{webhook}}",
            ),
        ),
        _WEBHOOK,
    ),
    Known(
        "webhook-denied",
        r'admission webhook "(?P<webhook>[\w.-]+)" denied the request(?:: (?P<why>.*)| without explanation)',
        "the admission webhook {webhook} denies such pods",
        Fix(
            "Make users' pods keep the policy that the message names, or have an exception made for them.",
            commands=(WEBHOOKS,),
        ),
        _WEBHOOK,
    ),
    Known(
        "policy-denied",
        r"ValidatingAdmissionPolicy '(?P<policy>[^']+)' with binding '[^']+' denied request",
        "the ValidatingAdmissionPolicy {policy} denies such pods",
        Fix(
            "Make users' pods keep the policy that the message names, or have an exception made for them.",
            commands=(WEBHOOKS,),
        ),
        "staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/validating, 1.26 to 1.36",
        since="Kubernetes 1.26",
    ),
    Known(
        "service-account-missing",
        r'error looking up service account \S+: serviceaccounts? "(?P<account>[\w.-]+)" not found',
        "the service account {account} does not exist",
        Fix(
            "Create the service account, or let singleuser.serviceAccountName name one that exists.",
            commands=("kubectl --namespace {ns} create serviceaccount {account}",),
        ),
        "plugin/pkg/admission/serviceaccount, 1.20 to 1.36",
    ),
    Known(
        "priority-class-missing",
        r"no PriorityClass with name (?P<name>\S+) was found",
        "the PriorityClass {name} does not exist",
        Fix(
            "Let the chart make the PriorityClass (scheduling.podPriority.enabled, helm upgrade), or correct the name.",
            commands=("kubectl get priorityclasses", "{upgrade}"),
        ),
        "plugin/pkg/admission/priority, 1.20 to 1.36",
    ),
    Known(
        "no-right",
        rbac.PATTERN,
        "the hub's account may not {verb} {resource}",
        Fix(
            "Give the hub's service account its rights back: the chart's Role and RoleBinding do.",
            commands=("kubectl --namespace {ns} auth can-i {verb} {resource} --as={account}", "{upgrade}"),
        ),
        "staging/src/k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go, 1.20 to 1.36",
    ),
    Known(
        "invalid-name",
        r'metadata\.(?:name|labels): Invalid value(?:: \\?"(?P<value>[^"\\]{1,80}))?',
        "a name or label is made for it that Kubernetes does not take ({value})",
        Fix(
            "See which part is not taken: the name of the user, or that of a named server. KubeSpawner before 7 makes "
            "such names of capital letters, signs and long names; charts from 4.0 make safe ones. Before that let the "
            "authenticator normalise user names, and choose small letters and digits for names of servers.",
            caution="Read the chart's upgrade guide before the upgrade to 4: names of pods and claims change.",
        ),
        _VALIDATION,
    ),
    Known(
        "namespace-ending",
        r"unable to create new content in namespace \S+ because it is being terminated",
        "the namespace is being deleted",
        Fix(
            "The namespace is being deleted: nothing new can start in it.",
            commands=("kubectl get namespace {ns} -o yaml",),
        ),
        "staging/src/k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle, 1.20 to 1.36",
    ),
    Known(
        "runtime-class-missing",
        r'RuntimeClass "?(?P<name>[^"\s]+)"? not found',
        "the RuntimeClass {name} does not exist",
        _SPEC,
        "plugin/pkg/admission/runtimeclass, 1.20 to 1.36",
    ),
    # `{username}` without quotes is a mapping in YAML
    Known(
        "invalid-type",
        r"cannot be handled as a \w+: .*cannot unmarshal (?P<got>\w+) into Go struct field (?P<field>[\w.]+) of type"
        r" (?P<want>[\w.*\[\]]+)",
        "the pod that the hub makes is not valid: {field} is of type {got}, and has to be of type {want}",
        Fix(
            "Correct the value behind that field (singleuser.*, a profile's kubespawner_override, "
            "hub.config.KubeSpawner). In YAML text in braces needs quotes, and so do numbers that are names."
        ),
        "staging/src/k8s.io/apimachinery/pkg/runtime/serializer/json, 1.20 to 1.36; zero-to-jupyterhub-k8s#421",
    ),
    # the parser of before 1.23 names the Go types on the way, and of the value the first sign that it expects
    Known(
        "invalid-value",
        r"cannot be handled as a \w+: .*?\b(?P<field>[A-Z]\w*): (?:[Rr]ead\w+|decode slice): (?P<why>[^,]{1,60})",
        "the pod that the hub makes is not valid: {field} is of the wrong type ({why})",
        Fix(
            "Correct {field} (singleuser.*, a profile's kubespawner_override, hub.config.KubeSpawner). The message "
            "names the sign that a value of the right type begins with: `{{` is a map, `[` a list, a quote text."
        ),
        "json-iterator/go: iter.go, of Kubernetes 1.8 to 1.22; jupyterhub/zero-to-jupyterhub-k8s#379",
        until="Kubernetes 1.22",
    ),
    Known(
        "unreadable",
        r"cannot be handled as a \w+: ",
        "it cannot read the pod that the hub makes ({last})",
        _SPEC,
        "staging/src/k8s.io/apiserver/pkg/endpoints/handlers/create.go, 1.20 to 1.36",
    ),
    # all that it says of a token that is not, or no longer, valid
    Known(
        "token-refused",
        r"^Unauthorized$",
        "it does not take the token of the hub's service account (HTTP 401)",
        Fix(
            "See that the service account {account} is there (hub.serviceAccount.create). Where it was deleted and "
            "made anew, the hub's token went with it: restart the hub for a new one.",
            commands=(
                "kubectl --namespace {ns} get serviceaccount {account}",
                "kubectl --namespace {ns} rollout restart deployment/{hub}",
            ),
            caution=RESTARTS,
        ),
        "staging/src/k8s.io/apiserver/pkg/endpoints/filters/authentication.go, 1.20 to 1.36; kubespawner#270",
    ),
    Known(
        "invalid-spec",
        r"\bis invalid: |spec\.[\w.\[\]]+: (?:Invalid value|Required value|Not found|Duplicate value|Forbidden)",
        "the pod that the hub makes is not valid",
        _SPEC,
        _VALIDATION,
    ),
)
OTHER: Known[None] = Known(
    "refused",
    "",
    "it says: {last}",
    Fix(
        "See what the whole message says.",
        commands=(
            "kubectl --namespace {ns} get resourcequotas,limitranges",
            "kubectl get namespace {ns} --show-labels",
        ),
    ),
    "",
)
