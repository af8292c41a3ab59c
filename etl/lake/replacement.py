"""A delivery of the lake and what takes its place: what both are, and which of them lost more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from etl.ingest.staging import StagedDelivery
from etl.lake.commits import subject_of


@dataclass(frozen=True)
class Replacement:
    """A delivery of the lake, and what was staged to take its place."""

    before: dict[str, Any]
    after: StagedDelivery

    def certificate(self) -> dict[str, Any]:
        """Say what took whose place: ids, digests and counts, no value of a row."""
        after = self.after.document()
        return {
            "subject": subject_of(self.before),
            "source_system": self.before["system"],
            "export": self.before["export"],
            "business_day": self.before["business_day"],
            "before": _summary(self.before),
            "after": _summary(after),
        }

    def loses_more(self) -> bool:
        """Tell whether the file is refused though it was not before, or more of its rows are."""
        if self.before["status"] == "rejected":
            return False
        refused_before = self.before["rejects"]["rows"]
        return self.after.status == "rejected" or self.after.rejects.rows > refused_before


def _summary(delivery: dict[str, Any]) -> dict[str, Any]:
    return {
        "delivery": delivery["delivery_id"],
        "file": delivery["file"],
        "sha256": delivery["sha256"],
        "status": delivery["status"],
        "records": delivery["records"],
        "accepted": sum(table["rows"] for table in delivery["tables"].values()),
        "refused": delivery["rejects"]["rows"],
    }
