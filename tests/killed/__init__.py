"""Commands that are killed and tried again, and what must be true afterwards."""
