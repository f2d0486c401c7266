"""What is talked about: Kubernetes objects, values, hubs, findings, and the words for them.

Nothing here reads, judges or prints; it imports nothing else of jhubdoctor.
"""
