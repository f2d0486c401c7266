"""The plan of an upgrade: its steps, and the evidence for and against a target.

Of how a cluster is reached and how a plan is printed nothing stands here.
"""
