"""From a delivered file to staged, typed rows: find, check bytes, read, map, refuse or keep."""
