"""What may be kept and shown: allow-lists of objects, values and releases; texts without secrets and tricks.

Nothing here reads or judges; it knows the model alone.
"""
