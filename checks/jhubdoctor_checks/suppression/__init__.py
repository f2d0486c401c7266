"""Checks of the suppressions themselves."""
