"""MBG/NBD: a customer may become inactive after any order, the first one included.

Source:
    Batislam, Denizel and Filiztekin (2007), Empirical validation and comparison of models for
    customer base analysis, International Journal of Research in Marketing 24(3); the same model as
    Hoppe and Wagner (2007), Customer base analysis: the case for a central variant of the
    Betageometric/NBD model, Marketing: Journal of Research and Management 3(2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from etl.clv.beta_geometric import BetaGeometricNbd


@dataclass(frozen=True)
class MbgNbd(BetaGeometricNbd):
    """Parameters as for :class:`etl.clv.beta_geometric.BetaGeometricNbd`.

    One-time buyers may be lost already: P(alive) is below 1 for everyone.
    """

    name: ClassVar[str] = "mbg_nbd"
    chances_at_start: ClassVar[int] = 1
