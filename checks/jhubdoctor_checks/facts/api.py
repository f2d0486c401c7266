"""Facts about the API server: what it serves, how it is, and which of its clients ask for what it does not serve."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from jhubdoctor.api import (
    APIService,
    Deployment,
    Health,
    Look,
    PodLog,
    Query,
    ReadState,
    Scope,
    Served,
    ServerVersion,
    Unreadable,
    excerpt,
    fact,
    parse_health,
)
from jhubdoctor_checks.data import apis, scheduler
from jhubdoctor_checks.facts.scheduler_log import lasting
from jhubdoctor_checks.texts import rbac

# --- what is served --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Surface:
    """The APIs that evidence is judged against: those of this server, or of the release that it is to be upgraded to.

    Attributes:
        minor: the minor of it; None where the server does not tell.
        discovery: what the server itself says; None for a release that does not run yet.
        running: the minor of the server that runs, the same as `minor` unless an upgrade is judged.
        chart: the release of the chart that the hub is to be upgraded to as well, empty for none.
        with_plan: whether an upgrade is judged, which has a plan.
    """

    minor: int | None
    discovery: Served | None = None
    running: int | None = None
    chart: str = ""
    with_plan: bool = False

    @property
    def planned(self) -> bool:
        """Whether this is a release to upgrade to, and not the server that runs."""
        return self.discovery is None and self.minor != self.running

    def __str__(self) -> str:
        return f"Kubernetes 1.{self.minor}" if self.minor is not None else "this server"

    def serves(self, api_version: str, kind: str) -> bool | None:
        """Whether it is served; None where neither discovery nor the table of APIs can tell."""
        if self.discovery is not None:
            found = self.discovery.serves(api_version, kind)
            if found is not None:
                return found
        api = apis.find(api_version, kind)
        if api is None or self.minor is None:
            return None
        if api.served_in(self.minor):
            return True if self.minor <= apis.LAST else None
        return False

    def removed(self, api_version: str, kind: str) -> apis.Api | None:
        """The row of a built-in kind that is not served any more; None for what is served or was never built in."""
        api = apis.find(api_version, kind)
        if api is None or api.removed is None or self.serves(api_version, kind) is not False:
            return None
        return api if self.minor is None or self.minor >= api.removed else None

    def too_early(self, api_version: str, kind: str) -> bool:
        """Whether a kind that is built into later releases is not there yet."""
        api = apis.find(api_version, kind)
        return api is not None and self.minor is not None and self.minor < api.introduced


@fact()
def surface(scope: Scope, served: Served | None, server_version: ServerVersion | None) -> Surface:
    """What is served: by this server, or by the release that `--to-kubernetes` names."""
    minor = server_version.minor if server_version is not None else None
    if scope.kubernetes is not None:
        return Surface(scope.kubernetes, None, minor, scope.chart, with_plan=True)
    if served is None and minor is None:
        raise Unreadable(
            Query("discovery", name="/apis"), ReadState.FORBIDDEN, "neither version nor discovery is known"
        )
    return Surface(minor, served, minor, scope.chart, with_plan=bool(scope.chart))


# --- health ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ApiHealth:
    """How the API server says that it is.

    Attributes:
        endpoints: the answers of /livez and /readyz; of /healthz on servers that have neither.
        components: failing ComponentStatuses, name to message, on such servers.
        services: the APIServices.
    """

    endpoints: tuple[Health, ...] = ()
    components: Mapping[str, str] = field(default_factory=dict)
    services: tuple[APIService, ...] = ()


@fact("readyz", "apiservices", optional=("livez", "healthz", "componentstatuses"))
def api_health(look: Look) -> ApiHealth:
    """How the API server is. The deprecated /healthz and componentstatuses are asked only where /livez does not exist.

    What is failing is told also where something else could not be read; without anything failing that counts.
    """
    missed: list[Unreadable] = []
    endpoints: list[Health] = []
    components: dict[str, str] = {}
    for read in ("readyz", "livez"):
        if endpoints and endpoints[0].passing and not endpoints[0].failing:
            break  # /readyz holds every item of /livez and more
        try:
            endpoints.append(parse_health(f"/{read}", look.raw(read, f"/{read}?verbose")))
        except Unreadable as e:
            if not e.not_served:
                missed.append(e)
    if not endpoints and not missed:
        endpoints.append(parse_health("/healthz", look.raw("healthz", "/healthz?verbose")))
        try:
            for item in look.list("componentstatuses"):
                for c in item.conditions:
                    if c.type == "Healthy" and c.status == "False":
                        components[item.name] = excerpt(c.message, limit=200)
        except Unreadable as e:
            missed.append(e)
    services: list[APIService] = []
    try:
        services = look.list("apiservices")
    except Unreadable as e:
        missed.append(e)
    found = ApiHealth(tuple(endpoints), components, tuple(services))
    failing = components or any(h.failing for h in endpoints) or any(unavailable(s) for s in services)
    if missed and not failing:
        raise missed[0]
    look.partial += missed
    return found


def unavailable(service: APIService) -> bool:
    """Whether an API that a service of the cluster provides cannot be reached; those of the server itself are local."""
    return service.spec.service is not None and any(
        c.type == "Available" and c.status == "False" for c in service.status.conditions
    )


# --- the user-scheduler ----------------------------------------------------------------------------------------------

# client-go's reflector, the same in all releases: "failed to list *v1beta1.PodDisruptionBudget: the server could not
# find the requested resource" (seen in kube-scheduler 1.19 and 1.23; quoted within err="..." since 1.31)
_LISTING = r"[Ff]ailed to (?:list|watch) \*(v\d\w*)\.(\w+): (?!failed to)(.{0,300})"
NOT_FOUND = "the server could not find the requested resource"


@dataclass(frozen=True)
class Listing:
    """A kind that the user-scheduler lists and does not get.

    Attributes:
        api_version: `policy/v1beta1`; `v1beta1` alone where the log is all there is and does not tell the group.
        kind: the kind.
        lines: how many lines of its log say so.
        by_image: whether the image's minor is known to list it.
    """

    api_version: str
    kind: str
    lines: int = 0
    by_image: bool = False

    def __str__(self) -> str:
        return f"{self.api_version} {self.kind}"


@dataclass(frozen=True)
class SchedulerCalls:
    """What the user-scheduler asks the API server for.

    Attributes:
        image: its image.
        minor: the minor of the image; None where the tag does not tell.
        refused: kinds that it lists and that are not served any more.
        early: kinds that it lists and that are not served yet.
        forbidden: resources that it may not list, as its log says: group and resource.
        logs: whether its log could be read.
    """

    image: str
    minor: int | None
    refused: tuple[Listing, ...] = ()
    early: tuple[Listing, ...] = ()
    forbidden: tuple[tuple[str, str], ...] = ()
    logs: bool = True


@fact()
def user_scheduler_calls(
    surface: Surface, user_scheduler: Deployment, user_scheduler_logs: list[PodLog] | None, now: datetime
) -> SchedulerCalls:
    """What the user-scheduler asks for in vain, by its log and by the minor of its image.

    Where its log cannot be read, the image is enough to say that something is refused, and not enough to say that
    nothing is.
    """
    image = next((c.image for c in user_scheduler.spec.template.spec.containers), "")
    minor = scheduler.minor_of(image)
    found: dict[tuple[str, str], Listing] = {}
    for api in scheduler.lists(minor) if minor is not None else ():
        if surface.serves(api.api_version, api.kind) is False:
            found[api.api_version, api.kind] = Listing(api.api_version, api.kind, 0, by_image=True)
    forbidden: set[tuple[str, str]] = set()
    # a log tells of the server that runs, and nothing of the one that is planned
    for version, kind, why in () if surface.planned else _listings(user_scheduler_logs or [], now):
        if right := rbac.forbidden(why):
            forbidden.add((right.group, right.resource.partition(".")[0]))
        elif NOT_FOUND in why and (where := _refused(surface, version, kind)):
            known = found.get((where, kind), Listing(where, kind))
            found[where, kind] = Listing(where, kind, known.lines + 1, known.by_image)
    if user_scheduler_logs is None and not found:
        raise Unreadable(Query("pods/log", user_scheduler.namespace, user_scheduler.name), ReadState.FORBIDDEN, "")
    rows = [found[k] for k in sorted(found)]
    early = [r for r in rows if surface.too_early(r.api_version, r.kind)]
    return SchedulerCalls(
        image,
        minor,
        tuple(r for r in rows if r not in early),
        tuple(early),
        tuple(sorted(forbidden)),
        user_scheduler_logs is not None,
    )


def _listings(logs: list[PodLog], now: datetime) -> Iterator[tuple[str, str, str]]:
    for lines in lasting(logs, now):
        for m in (re.search(_LISTING, line) for line in lines):
            if m is not None:
                yield m[1], m[2], m[3]


def _refused(surface: Surface, version: str, kind: str) -> str:
    """The group version of a Go type that is not served; empty where it is: a server that starts answers so too."""
    known = list(apis.by_go_name(version, kind))
    gone = [a.api_version for a in known if surface.serves(a.api_version, kind) is False]
    if known and len(gone) < len(known):
        return ""
    return gone[0] if gone else version if version != "v1" else ""
