"""Tokens that are made anew whenever Argo CD renders the chart."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import Finding, Fix, Hub, Pod, ReplicaSet, Severity, Values, check

# What the chart makes at random unless it is set, by the paths that set it (templates/hub/_helpers-passwords.tpl).
TOKENS = (
    ("hub.config.ConfigurableHTTPProxy.auth_token", "proxy.secretToken"),
    ("hub.config.JupyterHub.cookie_secret", "hub.cookieSecret"),
    ("hub.config.CryptKeeper.keys",),
)
DAY, WEEK = timedelta(days=1), timedelta(days=7)


# all that the hub's log tells is about its Deployment: a new Secret is why of these alone
@check(severity=Severity.WARNING, explains=("proxy-token-mismatch", "hub-restarting"))
def argo_cd_secret_churn(
    hub: Hub,
    values: Values,
    rendered_replica_sets: list[ReplicaSet],
    hub_pods: list[Pod],
    proxy_pods: list[Pod],
    now: datetime,
) -> Iterator[Finding]:
    """Argo CD makes the hub's secrets anew at every rendering, so the hub restarts and users are logged out."""
    unset = [paths[0] for paths in TOKENS if not any(values.get(p) for p in paths)]
    if not unset:
        return
    sums = {
        name: len({s for r in rendered_replica_sets if now - r.created < span and (s := _sum(r))})
        for name, span in (("a day", DAY), ("a week", WEEK))
    }
    severity = Severity.INFO
    if sums["a week"] > 1:
        severity = Severity.ERROR if sums["a day"] > 2 else Severity.WARNING
    yield Finding(
        on=(hub.ref,),
        says=(
            f"Argo CD rendered {sums['a week']} different secrets for the hub within a week, each of which restarts it"
            if sums["a week"] > 1
            else "Argo CD makes the hub's secrets anew whenever it renders the chart"
        ),
        evidence=(
            ("values", f"not set: {', '.join(unset)}"),
            ("deployment", "an annotation or label argocd.argoproj.io/..."),
            (
                "replicasets",
                f"different checksum/secret: {sums['a day']} within a day, {sums['a week']} within a week",
            ),
        ),
        fix=_fix(hub, unset),
        severity=severity,
        affects=tuple(p.ref for p in (*hub_pods, *proxy_pods)),
    )


def _sum(replica_set: ReplicaSet) -> str:
    return replica_set.spec.template.metadata.annotations.get("checksum/secret", "")


def _fix(hub: Hub, unset: list[str]) -> Fix:
    patch: dict[str, dict[str, object]] = {}
    for path in unset:
        _, _, section, key = path.split(".")
        value = "OUTPUT OF openssl rand -hex 32"
        patch.setdefault(section, {})[key] = [value] if key == "keys" else value
    former = hub.at_least("1.0.0") is False
    return Fix(
        "Set them, from a place where Argo CD keeps secrets: it renders with helm template, which looks nothing up."
        + (" Before chart 1.0 they are proxy.secretToken and hub.cookieSecret." if former else ""),
        values={} if former else {"hub": {"config": patch}},
        commands=("openssl rand -hex 32",),
        caution="This restarts hub and proxy once more and logs users out once more; their servers keep running.",
    )
