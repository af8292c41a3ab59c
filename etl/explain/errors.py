"""The ways in which there is nobody to explain; each says what to do."""

from __future__ import annotations

from etl.errors import DataBlocked, LoyaltyError, UsageError


class CustomerUnknown(UsageError):  # noqa: N818 - names the state
    """The release has no such customer or record."""

    default_code = "CUSTOMER_UNKNOWN"


class CustomerAmbiguous(UsageError):  # noqa: N818 - names the state
    """Several customers have a record of that id."""

    default_code = "CUSTOMER_AMBIGUOUS"


class CustomerGone(UsageError):  # noqa: N818 - names the state
    """There was such a customer; nothing is left of them."""

    default_code = "CUSTOMER_GONE"


class CustomerQuarantined(DataBlocked):
    """The record is tied to too many others to be one customer, so it belongs to nobody yet."""

    default_code = "CUSTOMER_QUARANTINED"


class ReleaseTooOld(LoyaltyError):  # noqa: N818 - names the state
    """The served release lacks a mart that every explanation needs."""

    default_code = "RELEASE_TOO_OLD"
