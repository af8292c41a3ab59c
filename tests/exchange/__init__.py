"""A tiny company that trades in ten currencies; every amount of it can be checked by hand."""
