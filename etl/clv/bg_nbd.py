"""BG/NBD: a customer may become inactive after any repeat order.

Source:
    Fader, Hardie and Lee (2005), "Counting your customers" the easy way: an alternative to the
    Pareto/NBD model, Marketing Science 24(2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from etl.clv.beta_geometric import BetaGeometricNbd


@dataclass(frozen=True)
class BgNbd(BetaGeometricNbd):
    """Parameters as for :class:`etl.clv.beta_geometric.BetaGeometricNbd`.

    Without a repeat order there was no chance to drop out: P(alive) is 1, and never lapses.
    """

    name: ClassVar[str] = "bg_nbd"
    chances_at_start: ClassVar[int] = 0
