"""A cluster that is newer than what jhubdoctor knows of."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, NotApplicable, Ref, ServerVersion, Severity, check
from jhubdoctor_checks.data import KNOWS, apis
from jhubdoctor_checks.facts.api import Surface


@check(severity=Severity.INFO)
def cluster_newer_than_data(surface: Surface, server_version: ServerVersion) -> Iterator[Finding]:
    """The cluster is newer than the tables of APIs that this jhubdoctor carries."""
    if surface.minor is None:
        raise NotApplicable(f"the server does not tell its version ({server_version})")
    if surface.minor <= apis.LAST:
        return
    yield Finding(
        on=(Ref("APIServer", "kube-apiserver", api_version=""),),
        says=f"{surface} is newer than what this jhubdoctor knows ({KNOWS['kubernetes']})",
        evidence=(
            ("server", str(surface)),
            (
                "jhubdoctor",
                f"its table of APIs reaches to Kubernetes {KNOWS['kubernetes']}, that of charts to {KNOWS['chart']}",
            ),
        ),
        fix=Fix(
            "Upgrade jhubdoctor. Until then what this cluster itself serves is taken from its discovery; what later "
            "releases drop is not known.",
            commands=("pip install --upgrade jhubdoctor",),
        ),
    )
