"""Moves exports into the lake, fits the value models, runs dbt and publishes the marts."""
