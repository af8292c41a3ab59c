"""A small company with every awkward case on purpose; the route tests share it."""
