"""Tables of facts about Kubernetes and the chart, each row with its source, and small loaders for them."""

KNOWS = {"kubernetes": "1.37", "chart": "4.4.0", "jupyterhub": "6.1"}
"""How far the tables reach. Of anything newer the checks say that they do not know it."""
