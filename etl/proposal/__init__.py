"""From a header row that nobody has mapped to a proposed mapping that says what it is not sure of.

``sample`` reads the file through the same gate as a delivery, ``shapes`` looks at what the cells
can be read as, ``names`` compares header names, ``matching`` brings the two together, ``tables``
decides what the file is, ``needs`` says which marts lack what, ``writing`` writes the YAML. Nothing
is loaded, and nothing unsure is written as if it were sure.
"""

from etl.proposal.asked import Asked
from etl.proposal.matching import Match
from etl.proposal.proposing import Proposal, propose

__all__ = ["Asked", "Match", "Proposal", "propose"]
