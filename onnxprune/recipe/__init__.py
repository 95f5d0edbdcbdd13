"""Recipes: every option of `optimize` in a file, and several stages in a row.

Nothing is imported here, so that the command line can ask `keys` for help quickly.
"""
