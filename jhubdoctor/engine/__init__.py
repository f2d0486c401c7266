"""How checks and facts are declared, found and run, and what comes of it: results, folding, ranking, suppressions.

It knows no fact, no check and no format, and nothing here opens a file, a socket or a terminal but to find the packs.
"""
