"""The mapping language: one YAML per source system, checked at start (see REFERENCE.md)."""

from etl.mapping.column import Column, Condition, Op
from etl.mapping.load import load_mapping, load_mappings
from etl.mapping.model import Export, Grain, Mapping, Target

__all__ = [
    "Column",
    "Condition",
    "Export",
    "Grain",
    "Mapping",
    "Op",
    "Target",
    "load_mapping",
    "load_mappings",
]
