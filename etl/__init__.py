"""Moves exports into the lake, fits the value models, runs dbt and publishes the marts."""

import os

# The value models solve systems of four equations: threads of the linear algebra library would only
# wait for each other, at more than twice the processor time. Read when numpy and scipy are loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Landing works batch by batch: memory that Polars' allocator gives back between two of them is
# asked for again page by page. Read when Polars is loaded.
os.environ.setdefault(
    "_RJEM_MALLOC_CONF", f"narenas:{os.cpu_count()},dirty_decay_ms:3000,muzzy_decay_ms:3000"
)
