"""What is wrong with values is judged once: a check of a hub that runs and a planned upgrade say the same of them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
import yaml
from packaging.version import Version

from jhubdoctor.api import Given, Severity, Values, spawner_bytes
from jhubdoctor.privacy.releases import outline
from jhubdoctor.privacy.values import allowed
from jhubdoctor.testing import findings_of
from jhubdoctor_checks.data import charts, components, schemas
from jhubdoctor_checks.preflight import problems_of


def planned(values: Mapping[str, Any]) -> dict[str, Severity]:
    given = Given(Values(allowed(dict(values))), outline(dict(values)))
    found = problems_of(given, charts.newest())
    return {p.path: p.severity for p in found if p.path}


@pytest.mark.parametrize(
    ("values", "check", "path"),
    [
        ({"hub": {"db": {"type": "postgres"}}}, "database-url-missing", "hub.db.url"),
        (
            {"singleuser": {"storage": {"type": "static"}}},
            "static-storage-without-claim",
            "singleuser.storage.static.pvcName",
        ),
        ({"hub": {"config": {"db": {"url": "x"}}}}, "hub-config-section-invalid", "hub.config.db"),
        ({"singleuser": {"memory": {"limit": "1Gi"}}}, "resource-value-invalid", "singleuser.memory.limit"),
        # ByteSpecification takes a text with its suffix alone
        ({"singleuser": {"memory": {"limit": "1024"}}}, "resource-value-invalid", "singleuser.memory.limit"),
        (
            {"singleuser": {"memory": {"guarantee": "2G", "limit": "1G"}}},
            "resource-value-invalid",
            "singleuser.memory.guarantee",
        ),
        (
            {"singleuser": {"profileList": [{"display_name": "a", "kubespawner_override": {"mem_limit": "1Gi"}}]}},
            "resource-value-invalid",
            "singleuser.profileList[0].kubespawner_override.mem_limit",
        ),
    ],
)
def test_a_check_and_a_plan_judge_alike(values: dict[str, Any], check: str, path: str) -> None:
    found = findings_of(yaml.safe_dump({"kind": "Values", "values": values}), check)

    assert [f.severity for f in found] == [Severity.ERROR]
    assert planned(values) == {path: Severity.ERROR}


def test_an_address_may_stand_in_a_secret_that_a_file_of_values_does_not_show() -> None:
    values = {"hub": {"existingSecret": "own", "db": {"type": "mysql"}}}

    assert planned(values) == {"hub.db.url": Severity.WARNING}


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("1G", 2**30),
        ("1.5K", 1536),
        ("512M", 512 * 2**20),
        ("2T", 2 * 2**40),
        (1024, 1024),
        (0.5, Decimal("0.5")),
        ("1024", None),
        ("1Gi", None),
        ("1g", None),
        ("", None),
        ("G", None),
        ("infG", None),
        (True, None),
        (None, None),
        (float("nan"), None),
    ],
)
def test_memory_is_read_as_jupyterhub_reads_it(value: object, number: object) -> None:
    assert spawner_bytes(value) == number


def test_the_chart_has_every_setting_of_a_component() -> None:
    newest = set(schemas.keys(Version("4.4.0")))
    paths = [components.path(c.label, s) for c in components.COMPONENTS for s in c.settings]

    assert [p for p in paths if p not in newest] == []
    assert components.path("hub", "nothing") == components.path("nobody", "image") == ""
