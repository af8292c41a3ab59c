"""Errors a user can act on: what happened, where, and what to do next.

Every error carries a stable ``code`` (for machines) and the exit code of the command line.
"""

from __future__ import annotations

from typing import ClassVar

EXIT_OK = 0
EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_DATA_BLOCKED = 3
EXIT_BUSY = 4
EXIT_SOURCE_LATE = 5


class LoyaltyError(Exception):
    """Something went wrong that the user can be told about in one sentence.

    Args:
        what: What happened, a sentence.
        where: File, row, column, YAML path or table.
        todo: What the user should do next, a sentence.
        code: Stable upper-case code; the class default when omitted.
    """

    exit_code: ClassVar[int] = EXIT_FAILURE
    default_code: ClassVar[str] = "FAILED"

    def __init__(self, what: str, *, where: str = "", todo: str = "", code: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.todo = todo
        self.code = code or self.default_code

    def __str__(self) -> str:
        """Return the three parts on one line, the missing ones left out."""
        where = f" [{self.where}]" if self.where else ""
        todo = f" {self.todo}" if self.todo else ""
        return f"{self.code}: {self.what}{where}{todo}"

    def as_dict(self) -> dict[str, str]:
        """Return the error for ``--json``."""
        return {"code": self.code, "what": self.what, "where": self.where, "todo": self.todo}


class UsageError(LoyaltyError):
    """The command was called with something that cannot be meant."""

    exit_code = EXIT_USAGE
    default_code = "USAGE"


class MappingError(UsageError):
    """A mapping YAML has a mistake; ``where`` is file and YAML path."""

    default_code = "MAPPING_INVALID"


class ConfigError(UsageError):
    """The environment or the data root is not usable."""

    default_code = "CONFIG_INVALID"


class FileRejected(LoyaltyError):  # noqa: N818 - it is a verdict on the file, not a failure of ours
    """A delivered file cannot be read safely; nothing of it was loaded.

    Attributes:
        sha256: Digest (hex) of the bytes that were judged; empty where none were read.
    """

    exit_code = EXIT_DATA_BLOCKED
    default_code = "FILE_REJECTED"
    sha256 = ""


class DataBlocked(LoyaltyError):  # noqa: N818 - a verdict on the data
    """The data were read, but publishing them would publish something wrong."""

    exit_code = EXIT_DATA_BLOCKED
    default_code = "DATA_BLOCKED"


class LakeCorrupt(LoyaltyError):  # noqa: N818 - names the state, as the code does
    """A committed file is missing or its bytes changed."""

    default_code = "LAKE_CORRUPT"


class DiskFull(LoyaltyError):  # noqa: N818 - names the state
    """There is not enough room on a disk; nothing was lost, and the step can be run again."""

    default_code = "DISK_FULL"


class Busy(LoyaltyError):  # noqa: N818 - names the state
    """Another process holds the warehouse; try again later."""

    exit_code = EXIT_BUSY
    default_code = "LOCKED"


class SourceLate(LoyaltyError):  # noqa: N818 - names the state
    """A feed that is expected for the business day has not arrived."""

    exit_code = EXIT_SOURCE_LATE
    default_code = "SOURCE_LATE"
