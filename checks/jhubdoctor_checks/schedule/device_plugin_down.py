"""Extended resources that no node offers, for the plugin that offers them does not run where the devices are."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Rung, Severity, check, some
from jhubdoctor_checks.facts.devices import Unoffered
from jhubdoctor_checks.schedule._place import on, owners, verb, who


@check(severity=Severity.ERROR, at=Rung.GIVEN, stops=Rung.PLACED, complete=("nodes", "all_daemon_sets", "unoffered"))
def device_plugin_down(unoffered: list[Unoffered]) -> Iterator[Finding]:
    """Pods ask for a device that nodes have, and its plugin does not offer it there."""
    for found in unoffered:
        names = some(sorted(n.name for n in found.nodes))
        one = len(found.nodes) == 1
        yield Finding(
            on=tuple(d.ref for d in found.plugins) or tuple(n.ref for n in found.nodes),
            says=f"{who(found.pods)} {verb(found.pods, 'waits', 'wait')} for {found.resource}, which no node offers:"
            f" {found.says}",
            evidence=(
                ("node", f"{names} {'has' if one else 'have'} such devices and {'offers' if one else 'offer'} none"),
                *found.evidence,
                ("pod.spec", f"{found.pods[0].ref.name} asks for {found.resource}"),
            ),
            fix=Fix(found.fix, commands=found.commands),
            cause=f"{found.word} {found.resource}",
            affects=(*on(found.pods), *owners(found.pods)),
        )
