"""What ``loyalty map`` prints, and the mapping file it writes."""

from __future__ import annotations

from pathlib import Path

from etl.cli.console import Output
from etl.errors import UsageError
from etl.files import atomic_path
from etl.proposal import Proposal
from etl.proposal.writing import mapping_text


def print_proposal(output: Output, proposal: Proposal, out: Path | None) -> None:
    """Print the proposed columns, what is open, and what marts lack; write the mapping if asked.

    Raises:
        UsageError: The mapping file exists already.
    """
    columns = ("table", "column", "source", "confidence", "state", "note")
    rows = [
        (e.table, e.column, e.source, f"{e.confidence:.0%}", e.state, e.note)
        for e in proposal.entries
    ]
    output.rows(columns, rows, f"{proposal.sample.file}: {proposal.sample.records:,} records")
    lacks = [(need.mart, need.without, " or ".join(need.any_of)) for need in proposal.unmet]
    output.rows(("mart", "with_this_file_alone", "needs"), lacks, "what the marts lack")
    output.record(_summary(proposal), "proposal")
    if out is not None:
        _write(out, mapping_text(proposal))
        output.text(f"\nWritten: {out}. Next: loyalty check <file> --mapping {out} --day <day>")


def _summary(proposal: Proposal) -> dict[str, str]:
    preset = proposal.preset
    return {
        "needed": ", ".join(proposal.needed) or "nothing",
        "to_check": ", ".join(_named(proposal, "check")) or "nothing",
        "assumed": ", ".join(_named(proposal, "assumed")) or "nothing",
        "not_read": ", ".join(proposal.unused) or "nothing",
        "preset": f"{preset.path.name}, export {preset.export}, knows this header "
        f"({preset.coverage:.0%} of its columns): copy it instead"
        if preset
        else "none knows this header",
    }


def _named(proposal: Proposal, state: str) -> list[str]:
    return [f"{e.table}.{e.column}" for e in proposal.entries if e.state == state]


def _write(path: Path, text: str) -> None:
    if path.exists():
        raise UsageError(
            "There is a mapping already; it is not written over.",
            where=str(path),
            todo="Name another file with --out, or move the old one away.",
        )
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
