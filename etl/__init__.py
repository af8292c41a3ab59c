"""Moves exports into the lake, fits the value models, runs dbt and publishes the marts."""

import os

# The value models solve systems of four equations: threads of the linear algebra library would only
# wait for each other, at more than twice the processor time. Read when numpy and scipy are loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
