"""What to do about claims without a volume, with the names that exist in this cluster."""

from jhubdoctor.api import Fix, Hub, nested
from jhubdoctor_checks.storage._drivers import INSTALL, share
from jhubdoctor_checks.storage._pending import Stuck, World
from jhubdoctor_checks.texts import names_of
from jhubdoctor_checks.texts.provisioner import FIXES, OTHER

NAMED = 10
_RESERVED = "is still reserved for"


def deletion(stuck: Stuck, hub: Hub) -> str:
    """The command that deletes the claims; they hold no data, since they never had a volume."""
    names = " ".join(c.name for c in stuck.claims[:NAMED])
    return hub.kubectl(f"delete persistentvolumeclaim {names}")


def default_class_command(name: str) -> str:
    """The command that makes a StorageClass the default."""
    patch = '{"metadata": {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}}'
    return f"kubectl patch storageclass {name} -p '{patch}'"


def remedy(stuck: Stuck, world: World, hub: Hub, class_path: str, modes_path: str) -> Fix:
    """The next step for a cause.

    `class_path` and `modes_path` say where the chart's values name class and access modes of such claims; empty where
    the chart did not make the claim.
    """
    usable = world.usable
    choice = usable[0].name if usable else ""
    describe = hub.kubectl(f"describe persistentvolumeclaim {stuck.claims[0].name}")
    anew = (deletion(stuck, hub), hub.helm_upgrade if class_path.startswith("hub.") else "")
    caution = "The deleted claims are Pending: they never had a volume, so they hold no data."

    def named(text: str, name: str) -> Fix:
        """Name a class (or access mode) in the values, and make the claims anew."""
        if not class_path:
            return Fix(
                f"{text} The chart's values do not make this claim: change it where it is defined.",
                commands=(describe,),
            )
        # the upgrade comes last: it makes the hub's claim anew
        commands = (deletion(stuck, hub), hub.helm_upgrade)
        return Fix(text, values=nested(class_path, name), commands=commands, caution=caution)

    match stuck.cause:
        case "no-default-class" if usable:
            others = ", ".join(sorted(world.classes))
            which = (
                f"{choice}, the only StorageClass,"
                if len(world.classes) == 1
                else f"one of the StorageClasses ({others})"
            )
            text = f"Make {which} the default, as shown: every claim that names none waits for one."
            if class_path:
                text += f" Or name it in {class_path}: then other claims still wait."
            command = default_class_command(choice)
            if stuck.retake:
                text += " Kubernetes before 1.26 does not give it to claims that exist: they must be made anew."
                return Fix(text, commands=(command, *anew), caution=caution)
            return Fix(text, commands=(command,), caution=_FOR_ALL)
        case "no-default-class" | "class-missing" if not usable:
            text = "Install a provisioner of volumes with a StorageClass, and make that class the default. "
            ways = "; ".join(f"{driver}: {how}" for driver, how in INSTALL.items() if driver in _CLOUD_DISKS)
            return Fix(
                text + f"The clouds bring one ({ways}); elsewhere ask who runs the cluster.", commands=(describe,)
            )
        case "default-came-late":
            return Fix(
                "Make the claims anew: they get the default class when they are created.",
                commands=anew,
                caution=caution,
            )
        case "plugin-gone" if choice:
            return named(f"Name a StorageClass of another provisioner, such as {choice}.", choice)
        case "class-missing":
            return named(
                f"Name a StorageClass that exists, such as {choice}, as shown; or make one named {stuck.about}: no "
                "claim goes.",
                choice,
            )
        case "provisioner-absent":
            text = f"Install the driver: {INSTALL.get(stuck.about, stuck.about)}."
            return (
                named(f"{text} Or use StorageClass {choice}.", choice)
                if choice
                else Fix(text, commands=("kubectl get csidrivers",))
            )
        case "access-mode":
            shared = [c.name for c in usable if share(c.provisioner)]
            text = FIXES["access-mode"].fix.text
            if shared:
                text += f" For a volume that many nodes share, use StorageClass {shared[0]}."
            if not modes_path:
                return named(text, "")
            commands = (deletion(stuck, hub), hub.helm_upgrade)
            return Fix(text, nested(modes_path, ["ReadWriteOnce"]), commands, caution, replaces=(modes_path,))
        case "volume-unfit":
            return _fit(stuck, describe)
        case "no-volume":
            text = "Make a PersistentVolume of that class, size and access mode."
            return (
                named(f"{text} Or use StorageClass {choice}, which makes volumes itself.", choice)
                if choice
                else Fix(text, commands=(describe,))
            )
        case "volume-missing" | "volume-taken":
            return Fix(
                f"Make a PersistentVolume for this claim, or let the claim name another than {stuck.about}.",
                commands=(describe,),
            )
        case "lost":
            return Fix(
                "Restore the PersistentVolume under its name. Delete the claim if nobody needs its data.",
                commands=(describe,),
            )
        case _:
            row = FIXES.get(stuck.cause.removeprefix("provisioner-"), OTHER)
            return row.remedy({**names_of(hub), "claim": stuck.claims[0].name})


_FOR_ALL = "From then on it holds for all claims of the cluster that name no class; those that have a volume keep it."
_CLOUD_DISKS = {"ebs.csi.aws.com", "pd.csi.storage.gke.io", "disk.csi.azure.com"}


def _fit(stuck: Stuck, describe: str) -> Fix:
    """A volume that a deleted claim left behind can be freed; any other has to be made to fit."""
    shown = [e.detail for e in stuck.evidence if e.source == "volume"]
    freed = [detail.split(" ", 1)[0] for detail in shown if f" {_RESERVED} " in detail]
    if not freed:
        return Fix("Make a PersistentVolume that fits, or change the claim so that one does.", commands=(describe,))
    patch = """--type json -p '[{"op": "remove", "path": "/spec/claimRef"}]'"""
    return Fix(
        f"Free the volume {freed[0]}, which a deleted claim left behind.",
        commands=(f"kubectl patch persistentvolume {freed[0]} {patch}",),
        caution="Only where the new claim may have what is on that volume: it may be someone else's home.",
    )
