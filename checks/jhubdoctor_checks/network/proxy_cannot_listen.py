"""A proxy that runs and does not listen."""

from collections.abc import Iterator

from jhubdoctor.api import Evidence, Finding, Fix, Hub, Rung, Service, Severity, check, clean
from jhubdoctor_checks.facts.proxy_errors import ProxyErrors
from jhubdoctor_checks.texts import known, names_of
from jhubdoctor_checks.texts.proxy import LISTEN


@check(severity=Severity.ERROR, at=Rung.STARTED, stops=Rung.UP)
def proxy_cannot_listen(hub: Hub, proxy_errors: ProxyErrors, services: list[Service]) -> Iterator[Finding]:
    """The proxy cannot listen on its port, so nobody reaches the hub."""
    pod = proxy_errors.pod
    if not proxy_errors.listening or pod.ready:
        return
    errno, address, at = proxy_errors.listening[-1]
    row = known(LISTEN, errno)
    yield Finding(
        on=(pod.container_ref("chp"),),
        says=f"the proxy cannot listen on {clean(address, 60)}: {row.means({}) if row else errno}",
        evidence=(Evidence("proxy log", f"listen {errno} {clean(address, 60)}", at),),
        fix=row.remedy(names_of(hub))
        if row
        else Fix("See what it logs.", commands=(hub.kubectl(f"logs {pod.name} --container chp --tail 60"),)),
        cause=row.word if row else errno,
        affects=tuple(s.ref for s in services if s.spec.selector.get("component") == "proxy"),
    )
