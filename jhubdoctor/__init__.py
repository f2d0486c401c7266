"""jhubdoctor: the doctor for JupyterHub on Kubernetes. What a check may import stands in `jhubdoctor.api`."""

__version__ = "0.1.0"


SITE = f"https://jhubdoctor.readthedocs.io/en/v{__version__}/"
"""Where the documentation of this version is published. The one place that says so."""

DOC_BASE = f"{SITE}checks/"
"""Where the notes of the built-in checks are. A pack names its own, in a `DOC_BASE` of its package."""


def note_url(base: str, check_id: str) -> str:
    """The address of a note below its pack's `DOC_BASE`; where the pack has none, of what says how to read it."""
    fits = isinstance(base, str) and base.startswith("https://")
    return f"{base.rstrip('/')}/{check_id}/" if fits else f"{SITE}writing-packs/#a-check-without-a-page"
