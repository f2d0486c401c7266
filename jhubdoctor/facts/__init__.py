"""Facts: named, typed values about the cluster or about one hub, asked for by parameter name.

Only facts read. A fact that needs `hub`, also through others, is computed for each hub.
"""
