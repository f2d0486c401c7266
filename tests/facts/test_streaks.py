"""How many starts of a user failed in a row."""

from datetime import UTC, datetime, timedelta

from jhubdoctor.facts.logs import Spawn, Spawns

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def _failed(user: str, minutes: float) -> Spawn:
    return Spawn("error", user, at=NOW - timedelta(minutes=minutes))


def test_every_failure_since_the_last_success_counts() -> None:
    spawns = Spawns(
        failed=(_failed("ada", 50), _failed("ada", 30), _failed("bob", 25), _failed("ada", 20), _failed("ada", 10)),
        succeeded=(("ada", 9.0, NOW - timedelta(minutes=40)),),
    )

    assert [(s.user, s.times, s.since) for s in spawns.unresolved(NOW)] == [
        ("ada", 3, NOW - timedelta(minutes=30)),
        ("bob", 1, NOW - timedelta(minutes=25)),
    ]


def test_a_later_start_of_a_named_server_ends_the_streak_of_its_user() -> None:
    spawns = Spawns(failed=(_failed("ada", 30),), succeeded=(("ada:gpu", 9.0, NOW - timedelta(minutes=20)),))

    assert spawns.unresolved(NOW) == []
