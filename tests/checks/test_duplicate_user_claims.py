"""A home comes back, and nobody loses one by that: a setting where that holds, else code for some."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from jhubdoctor.api import Finding
from jhubdoctor.testing import Example, findings_of

Object = dict[str, Any]
ESCAPE = {"hub": {"config": {"KubeSpawner": {"remember_pvc_name": False, "slug_scheme": "escape"}}}}
FORGET = {"hub": {"config": {"KubeSpawner": {"remember_pvc_name": False}}}}


def claim(name: str, user: str, days: int, server: str = "") -> Object:
    """A user's claim, so many days old."""
    annotations = {"hub.jupyter.org/username": user} | ({"hub.jupyter.org/servername": server} if server else {})
    metadata: Object = {"name": name, "creationTimestamp": f"-{days}d", "annotations": annotations}
    metadata["labels"] = {"component": "singleuser-storage"}
    return {"kind": "PersistentVolumeClaim", "metadata": metadata, "status": {"phase": "Bound"}}


def pod(name: str, mounts: str) -> Object:
    """A server that runs."""
    volumes = [{"name": "home", "persistentVolumeClaim": {"claimName": mounts}}]
    metadata = {"name": name, "labels": {"component": "singleuser-server"}}
    return {"kind": "Pod", "metadata": metadata, "spec": {"volumes": volumes}, "status": {"phase": "Running"}}


def values(**sections: Any) -> Object:
    """Values of the hub."""
    return {"kind": "Values", "values": sections}


def spawner(**traits: Any) -> Object:
    """Values of KubeSpawner."""
    return values(hub={"config": {"KubeSpawner": traits}})


def found(*objects: Object) -> Finding | None:
    """What the check says of a hub with these."""
    reported = findings_of(Example(list(objects)), "duplicate-user-claims")
    return reported[0].finding if reported else None


def fix(*objects: Object) -> Any:
    """The patch of values that it gives."""
    one = found(*objects)
    assert one is not None
    assert "delete" not in " ".join([one.fix.text, *one.fix.commands])
    return one.fix.values


HYPHEN = (claim("claim-has-2dhyphen", "has-hyphen", 400), claim("claim-has-hyphen", "has-hyphen", 2))
WORK = (claim("claim-adawork", "ada", 400, "work"), claim("claim-ada--work", "ada", 2, "work"))
NEWCOMER = claim("claim-new-comer", "new-comer", 1)


def test_the_scheme_of_before_comes_back_with_what_makes_the_hub_forget() -> None:
    assert fix(*HYPHEN) == ESCAPE
    # half of it is there, and the server still has the newer claim
    assert fix(*HYPHEN, spawner(slug_scheme="escape"), pod("jupyter-has-2dhyphen", "claim-has-hyphen")) == FORGET
    one = found(*HYPHEN, spawner(slug_scheme="escape"))
    assert one is not None
    assert "still" in one.says


def test_the_template_of_before_comes_back_for_named_servers() -> None:
    template = {"singleuser": {"storage": {"dynamic": {"pvcNameTemplate": "claim-{username}{servername}"}}}}
    assert fix(*WORK) == FORGET | template
    assert fix(*WORK, *HYPHEN) == ESCAPE | template


def test_where_the_setting_would_take_a_home_away_only_these_servers_get_theirs() -> None:
    assert hooked(fix(*HYPHEN, NEWCOMER), "has-hyphen") == "claim-has-2dhyphen"
    assert hooked(fix(*HYPHEN, NEWCOMER), "new-comer") == "what the hub remembers"
    assert hooked(fix(*WORK, claim("claim-ada--new", "ada", 1, "new")), "ada", "work") == "claim-adawork"
    one = found(*HYPHEN, NEWCOMER)
    assert one is not None
    assert one.fix.text.endswith("would take the homes of others away: new-comer.")


def test_nor_may_two_servers_get_one_claim() -> None:
    # the template of before 4 gives ada's server `work` and the user adawork one name
    assert hooked(fix(*WORK, claim("claim-adawork-1", "adawork", 300)), "ada", "work") == "claim-adawork"


def test_of_so_many_claims_that_a_run_sees_a_sample_the_others_keep_theirs() -> None:
    many = [claim(f"claim-user{i}", f"user{i}", 300) for i in range(250)]
    assert hooked(fix(*HYPHEN, *many), "has-hyphen") == "claim-has-2dhyphen"


def test_code_that_names_claims_goes_over_values() -> None:
    code = values(hub={"extraConfig": {"own": 'c.KubeSpawner.slug_scheme = "escape"'}})
    assert hooked(fix(*HYPHEN, code, pod("jupyter-h", "claim-has-hyphen")), "has-hyphen") == "claim-has-2dhyphen"
    one = found(*HYPHEN, code)
    assert one is not None
    assert not one.fix.values


def test_a_hook_that_is_there_stays() -> None:
    code = values(hub={"extraConfig": {"own": "c.KubeSpawner.pre_spawn_hook = mine"}})
    patch = fix(*HYPHEN, NEWCOMER, code, pod("jupyter-h", "claim-has-hyphen"))
    assert "c.KubeSpawner.pre_spawn_hook" not in patch["hub"]["extraConfig"]["formerHomes"]


def test_with_the_right_settings_a_server_that_runs_still_has_the_newer_claim() -> None:
    right = spawner(slug_scheme="escape", remember_pvc_name=False)
    one = found(*HYPHEN, right, pod("jupyter-has-hyphen", "claim-has-hyphen"))
    assert one is not None
    assert one.severity is None
    assert one.fix.text.startswith("Stop jupyter-has-hyphen")
    assert not one.fix.values
    rest = found(*HYPHEN, right)
    assert rest is not None
    assert str(rest.severity) == "info"


def test_before_chart_4_the_template_alone_names_claims() -> None:
    older: Object = {"kind": "Deployment", "metadata": {"name": "hub", "labels": {"helm.sh/chart": "jupyterhub-1.1.3"}}}
    older["metadata"]["labels"]["chart"] = "jupyterhub-1.1.3"
    work = (claim("claim-ada-work", "ada", 400, "work"), claim("claim-adawork", "ada", 2, "work"))
    template = {"singleuser": {"storage": {"dynamic": {"pvcNameTemplate": "claim-{username}-{servername}"}}}}
    assert fix(*work, older) == template


def hooked(patch: Any, user: str, server: str = "") -> str:
    """The claim with which a server starts where this patch is applied."""
    config = SimpleNamespace(KubeSpawner=SimpleNamespace())
    homes = {"custom.formerHomes": patch["custom"]["formerHomes"]}
    # as the hub does
    exec(patch["hub"]["extraConfig"]["formerHomes"], {"c": config, "get_config": homes.get})  # noqa: S102
    one = SimpleNamespace(user=SimpleNamespace(name=user), name=server, pvc_name="what the hub remembers")
    config.KubeSpawner.pre_spawn_hook(one)
    return str(one.pvc_name)
