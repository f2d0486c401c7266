"""One look at a cluster, and what makes several: waiting, watching, fleets; what is compared and suppressed.

It makes reports and prints none, and knows no fact by name.
"""
