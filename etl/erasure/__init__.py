"""Erasing people: who they are, where they stand, and that nothing brings them back.

``loyalty erase`` writes the list of keyed hashes first (:mod:`etl.privacy.suppression`). Every step
after it makes one place agree with that list, so a killed erasure is ended by running it again.
"""
