"""What the proxy could not do: the errors of Node.js that configurable-http-proxy logs."""

from __future__ import annotations

from jhubdoctor.api import RESTARTS, Fix
from jhubdoctor_checks.texts import Known, upgraded

_NODE = "Node.js: the errors of libuv, as configurable-http-proxy 4.2 to 5.3 logs them"
_PODS = "kubectl --namespace {ns} get pods --output wide"
_POLICIES = "kubectl --namespace {ns} get networkpolicies"

# Why it does not connect; the text is `errno address`.
CONNECT: tuple[Known[None], ...] = (
    Known(
        "no-ipv6",
        r"(?:EADDRNOTAVAIL|EAFNOSUPPORT|ENETUNREACH|EINVAL) [0-9a-fA-F]*:[0-9a-fA-F:.]*",
        "that address is IPv6, and the proxy's pod has none of that family",
        Fix(
            "Give the cluster both families, or let the Services and pods have IPv4 alone: the pods of the proxy, the "
            "hub and the servers need one family in common.",
            commands=(_PODS, "kubectl --namespace {ns} get services --output wide"),
        ),
        _NODE,
    ),
    Known(
        "ports-exhausted",
        r"EADDRNOTAVAIL",
        "the proxy has no local port left for another connection to it",
        upgraded(
            "All of the pod's local ports are taken by connections to that one address. Starting the proxy anew frees "
            "them at once; a wider range of ports puts it off. Many come from pages that open connections and never "
            "end them: see which server they go to.",
            {
                "proxy": {
                    "chp": {
                        "extraPodSpec": {
                            "securityContext": {
                                "sysctls": [{"name": "net.ipv4.ip_local_port_range", "value": "10000 65000"}]
                            }
                        }
                    }
                }
            },
            "kubectl --namespace {ns} rollout restart deployment/{name}",
            caution="This restarts the proxy: users lose their connection for some seconds; their servers keep on.",
        ),
        "https://github.com/jupyterhub/configurable-http-proxy/issues/557",
    ),
    Known(
        "files-exhausted",
        r"EMFILE|ENFILE",
        "the proxy has as many files and connections open as it may",
        Fix(
            "Start the proxy anew, and see what opens so many connections.",
            commands=("kubectl --namespace {ns} rollout restart deployment/{name}",),
            caution="Users lose their connection for some seconds; their servers keep running.",
        ),
        _NODE,
    ),
    Known(
        "ipv6-as-a-name",
        r"ENOTFOUND [0-9a-fA-F]*:",
        "this release of the proxy takes an IPv6 address for a name",
        upgraded(
            "configurable-http-proxy 5.0 does: move to a newer chart, or give pods and Services IPv4 alone.",
            caution="Users lose their connection for some seconds; their servers keep running.",
        ),
        "configurable-http-proxy 5.0.1, asked for a target in brackets; 4.6 and 5.3 connect",
    ),
    Known(
        "name",
        r"ENOTFOUND|EAI_AGAIN|EAI_FAIL",
        "the proxy cannot resolve its name",
        Fix(
            "See that the cluster's DNS answers and that NetworkPolicies let the proxy ask it.",
            commands=("kubectl --namespace kube-system get pods --selector k8s-app=kube-dns", _POLICIES),
        ),
        _NODE,
    ),
    Known(
        "refused",
        r"ECONNREFUSED",
        "nothing listens there",
        Fix("See that it runs and listens on that port, and not on 127.0.0.1 alone.", commands=(_PODS,)),
        _NODE,
    ),
    Known(
        "no-way",
        r"ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ESOCKETTIMEDOUT|EPERM|EACCES",
        "no packet of the proxy gets there",
        Fix(
            "See that NetworkPolicies, the network plugin and the nodes' firewalls let the proxy's pod reach it.",
            commands=(_POLICIES, _PODS),
        ),
        _NODE,
    ),
    Known(
        "cut",
        r"ECONNRESET|EPIPE|hang up",
        "it cuts connections before it has answered",
        Fix("See what it logs at these times: it was overloaded, or restarted.", commands=(_PODS,)),
        _NODE,
    ),
)

# Servers that have ended, whatever it does not connect for.
ENDED: Known[None] = Known(
    "not-noticed",
    "",
    "the hub has not noticed",
    Fix(
        "Have these users stop their server on /hub/home, and start it again. Where that does not work, or it is "
        "many, restart the hub: it then looks after each server.",
        commands=("kubectl --namespace {ns} rollout restart deployment/{hub}",),
        caution=RESTARTS,
    ),
    "kubespawner 1.1 to 7.0: poll_interval of 30 s; jupyterhub handlers/base.py takes the way away",
)

# Why it does not listen.
LISTEN: tuple[Known[None], ...] = (
    Known(
        "no-ipv6",
        r"EAFNOSUPPORT|EADDRNOTAVAIL",
        "it is told to listen on IPv6, and its node has none",
        upgraded(
            "Let it listen on IPv4. From chart 1.1.0 on it takes what there is.",
            {"proxy": {"chp": {"extraCommandLineFlags": ["--ip=0.0.0.0", "--api-ip=0.0.0.0"]}}},
            caution="This restarts the proxy: users lose their connection for some seconds; their servers keep on.",
        ),
        "https://github.com/jupyterhub/zero-to-jupyterhub-k8s/issues/2254",
    ),
    Known(
        "port-taken",
        r"EADDRINUSE",
        "something else in its pod, or on its node, listens on that port",
        Fix(
            "See which containers are in its pod, and whether it uses the node's network (hostNetwork).",
            commands=("kubectl --namespace {ns} describe pods --selector component=proxy",),
        ),
        _NODE,
    ),
    Known(
        "port-forbidden",
        r"EACCES|EPERM",
        "it may not listen on that port",
        Fix(
            "Ports below 1024 are for root: leave proxy.chp's ports as the chart sets them.",
            commands=("kubectl --namespace {ns} describe pods --selector component=proxy",),
        ),
        _NODE,
    ),
)
