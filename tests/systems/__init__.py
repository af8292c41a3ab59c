"""Exports of real systems with their real headers, and what must come of them."""
