"""Keeping house: joins small files, backs up and restores, and removes what the rules let go."""
