"""Where answers come from: a live cluster, a bundle, a dump, memory; and the table of all that may be read.

Nothing here judges. The kubernetes package is imported by `kubeconfig` alone, and that by `live` and commands alone.
"""
