"""Audit and release: what readers open, and when it may replace what they have."""
