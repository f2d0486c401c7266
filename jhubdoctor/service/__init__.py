"""The doctor as a service: what is served after each run, and the server.

How a cluster is looked at it is told by who starts it.
"""
