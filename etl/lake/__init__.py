"""The raw lake: what is committed, what was refused, and the inputs of one run."""
