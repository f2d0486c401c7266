"""jhubdoctor: the doctor for JupyterHub on Kubernetes. What a check may import stands in `jhubdoctor.api`."""

__version__ = "0.1.0"

DOC_BASE = f"https://jhubdoctor.readthedocs.io/en/v{__version__}/checks/"
"""Where the notes are published, for this version. The one place that says so."""
