"""What else does not work while an image cannot be pulled."""

from __future__ import annotations

from jhubdoctor.api import DaemonSet, Hub, Job, Ref


def hook_objects(hub: Hub, daemon_sets: list[DaemonSet] | None, jobs: list[Job] | None) -> tuple[Ref, ...]:
    """What a stuck image puller hook holds up: its DaemonSet, the Job that waits for it, and the release."""
    found: list[Ref] = [d.ref for d in daemon_sets or [] if d.component == "hook-image-puller"]
    found += [j.ref for j in jobs or [] if j.component == "image-puller"]
    return (*found, hub.release_ref)
