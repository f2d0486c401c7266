"""The commands: they parse, call and choose an exit code; what they do is elsewhere."""

from __future__ import annotations

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("jhubdoctor.commands.run:run", "Look at the cluster and say what is wrong."),
    "demo": ("jhubdoctor.commands.run:demo", "Run on an example hub with several faults; no cluster needed."),
    "upgrade": ("jhubdoctor.commands.upgrade:upgrade", "Say what breaks if the cluster or the chart is upgraded."),
    "collect": ("jhubdoctor.commands.bundle:collect", "Write what the checks read to a file, without secrets."),
    "diff": ("jhubdoctor.commands.bundle:diff", "Say what changed between two bundles or JSON reports."),
    "exporter": (
        "jhubdoctor.commands.exporter:exporter",
        "Look every few minutes and serve metrics and the last report.",
    ),
    "explain": ("jhubdoctor.commands.explain:explain", "Show the note of a check, or the checks that know a text."),
    "list": ("jhubdoctor.commands.explain:list_checks", "List the checks."),
    "rbac": ("jhubdoctor.commands.rbac:rbac", "Print the roles that the checks need, bound to an account, as YAML."),
    "schema": ("jhubdoctor.commands.explain:schema", "Print the JSON Schema of a JSON document."),
    "version": ("jhubdoctor.commands.explain:version", "Print versions, and how far the data reaches."),
}
"""Name to (module:object, help). The help stands here too, so that `--help` imports none of them; a test compares."""
