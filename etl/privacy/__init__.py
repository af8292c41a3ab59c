"""Personal data: tokens in their place, the clear values in one encrypted vault."""
