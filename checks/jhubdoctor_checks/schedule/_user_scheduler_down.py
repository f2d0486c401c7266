"""What to do about a user-scheduler that does not work, and what to say of one that is not there."""

from jhubdoctor.api import Deployment, Finding, Fix, Hub, Pod
from jhubdoctor_checks.data.meshes import MESHES
from jhubdoctor_checks.facts.hub_graph import served_by
from jhubdoctor_checks.facts.image import shared

_OFF = {"scheduling": {"userScheduler": {"enabled": False}}}
_WAY_OUT = "Until then turn it off: the cluster's own scheduler places users' pods as well, spread instead of packed."
_CAUTION = "The upgrade restarts the hub; users' servers keep running. Pods that wait already must be started anew."


def repair(hub: Hub, scheduler: Deployment, keeps_out: str, *, down: bool) -> Fix:
    """See why it does not work; `keeps_out` is the annotation that keeps out the sidecar which is to blame."""
    off = next((m.off for m in MESHES.values() if keeps_out and m.annotation == keeps_out), "")
    if off and hub.at_least("2.0.0"):
        return hub.values_fix(
            "Keep the mesh's sidecar out of its pods: it cuts the scheduler off from the API server.",
            {"scheduling": {"userScheduler": {"annotations": {keeps_out: off}}}},
            caution="Users' servers keep running.",
        )
    look = hub.kubectl(f"logs deployment/{scheduler.name} --tail=50")
    text = f"See why it does not {'start' if down else 'schedule'}. {_WAY_OUT}"
    return hub.values_fix(text, _OFF, look, caution=_CAUTION)


def nobody(hub: Hub, name: str, left: list[Pod], scheduler: Deployment | None) -> Finding:
    """These pods ask for a scheduler that does not run."""
    many = len(left) > 1
    seen, fix = _lacks(hub, name, left, scheduler)
    return Finding(
        on=tuple(shared(p.ref) for p in left),
        says=f"no scheduler has looked at {f'{len(left)} pods that ask' if many else 'a pod that asks'} for {name}",
        evidence=(
            ("pod.spec", f"schedulerName: {name}"),
            ("pod.status", "no condition PodScheduled, and no event of a scheduler", left[0].created),
            ("deployment", seen),
        ),
        fix=fix,
        cause=f"nobody {name}",
    )


def _lacks(hub: Hub, name: str, left: list[Pod], scheduler: Deployment | None) -> tuple[str, Fix]:
    """What a scheduler that nobody is lacks: what was seen, and the next step."""
    if scheduler is not None and served_by(hub, name, scheduler):
        scale = hub.kubectl(f"scale deployment/{scheduler.name} --replicas=2")
        return f"{scheduler.name}: spec.replicas: 0", Fix("Scale it up again.", commands=(scale,))
    return "no user-scheduler of this release answers to that name", Fix(
        f"See that a scheduler {name} runs; where it was renamed or turned off, delete these pods, as shown, and "
        "start the servers anew; or correct scheduler_name in hub.extraConfig, which restarts the hub.",
        commands=(hub.kubectl(f"delete pod {' '.join(p.name for p in left[:10])}"),),
        caution="The pods have never started, so nothing in them is lost.",
    )
