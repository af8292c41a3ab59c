"""dlt from a CSV file to Parquet: ``peer_dlt.py <reader> <csv> <folder>``; prints the rows written.

``read_csv`` is the reader its pages begin with (pandas); ``read_csv_duckdb`` hands over Arrow
tables.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import dlt
import pyarrow.parquet as pq
from dlt.sources.filesystem import readers


def main() -> int:
    """Load one file and count what arrived."""
    reader, csv, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    source = readers(bucket_url=csv.parent.as_uri(), file_glob=csv.name)
    words = {"use_pyarrow": True} if reader == "read_csv_duckdb" else {}
    resource = getattr(source, reader)(**words).with_name("orders")
    pipeline = dlt.pipeline(
        pipeline_name="bench",
        pipelines_dir=str(folder / "pipelines"),
        destination=dlt.destinations.filesystem(bucket_url=(folder / "lake").as_uri()),
        dataset_name="bench",
    )
    pipeline.run(resource, loader_file_format="parquet")
    files = (folder / "lake" / "bench" / "orders").glob("*.parquet")
    return sum(pq.ParquetFile(file).metadata.num_rows for file in files)


if __name__ == "__main__":
    print(json.dumps(main()))
