"""Benchmarks: `nox -s bench`. They print figures and assert none."""
