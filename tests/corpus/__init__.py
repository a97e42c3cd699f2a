"""A corpus of bad files, each with the plausible wrong outcome it must not have, and of good ones no door may refuse.

Every case is a function that writes a folder with a ``plan.toml``; nothing binary is stored. ``python -m tests.corpus``
runs them all through the command line and prints what came of each, ``--table`` the table by severity.
"""
