"""Who is refused, what waits for it, and what to do."""

from __future__ import annotations

from dataclasses import replace

from jhubdoctor.api import Fix, Hub, Ref
from jhubdoctor_checks.facts.refusals import Refusal
from jhubdoctor_checks.texts import Known, names_of

HOOK_OFF = {"prePuller": {"hook": {"enabled": False}}}
_HOOK_KINDS = "daemonsets,jobs,serviceaccounts,roles,rolebindings"


def called(members: list[Refusal]) -> str:
    """`the Job hook-image-awaiter`, with the others."""
    first = members[0].maker.ref
    more = f" and {len(members) - 1} more" if len(members) > 1 else ""
    return f"the {first.kind} {first.name}{more}"


def held_up(hub: Hub, members: list[Refusal]) -> tuple[Ref, ...]:
    """The release, where Helm or Argo CD waits for a hook."""
    return (hub.release_ref,) if any(r.hook for r in members) else ()


def remedy(hub: Hub, row: Known[None], name: str, members: list[Refusal]) -> Fix:
    """What to do about the reason; of a hook whose account is gone, how to have it made together with its account."""
    if row.word == "service-account-missing":
        return _hook_account(hub, name) if all(r.hook for r in members) else _account(hub, name, members)
    fix = row.remedy({**names_of(hub), "name": name})
    hooks = [r.maker.name for r in members if r.hook]
    if hooks and hub.z2jh:
        text = f"{fix.text} Or install without the hook that pulls images ahead (prePuller.hook.enabled: false)."
        return replace(fix, text=text)
    return fix


def _hook_account(hub: Hub, name: str) -> Fix:
    selector = "hub.jupyter.org/deletable=true" + (f",release={hub.release}" if hub.release else "")
    clear = hub.kubectl(f"delete {_HOOK_KINDS} --selector {selector}")
    if hub.argo_cd:
        return Fix(
            f"The service account {name} is made and deleted as a hook, like what needs it, and it is gone. Turn the "
            "hook off, which Argo CD gains least from; or end the sync, delete what is left of the hook, sync again.",
            HOOK_OFF,
            (clear,),
            "Without the hook the first user of a node waits for the image. Delete only when no sync runs.",
        )
    return Fix(
        f"The Job was left by an upgrade that did not end, and its service account {name} is gone. Stop helm where it "
        "still waits, delete what is left of the hook, and upgrade again: it makes all of it anew.",
        commands=(clear, hub.helm_again),
        caution="The upgrade may restart the hub; users' servers keep running.",
    )


def _account(hub: Hub, name: str, members: list[Refusal]) -> Fix:
    maker = members[0].maker.ref
    return Fix(
        f"Bring the service account {name} back: an upgrade (or a sync) of the release makes it where its values say so"
        " (serviceAccount.create). Where it is made by hand, make it again, with its rights.",
        commands=(
            hub.kubectl(f"get serviceaccount {name}"),
            hub.helm_again,
            hub.kubectl(f"describe {maker.kind.lower()} {maker.name}"),
        ),
    )
