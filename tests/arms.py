"""Which arm a customer is in, without SQL: what the macro ``experiment_bucket`` must say.

The bucket is a pure function of salt, experiment and key, so no rerun and no rebuild can move
anybody.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal

from etl.experiments.inputs import HOLDOUT, TREATMENT

BUCKETS = 10_000
# A hash's first eight hex digits: what both engines read as a whole number.
_HEX_DIGITS = 8


def bucket_of(salt: str, experiment: str, customer_key: str) -> int:
    """Return the customer's bucket in an experiment, 0 to 9,999, each as likely as the others.

    2^32 is no multiple of 10,000: the first 7,296 buckets are likelier by two in a million.
    """
    text = f"{salt}|{experiment}|{customer_key}"
    digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    return int(digest[:_HEX_DIGITS], 16) % BUCKETS


def arm_of(bucket: int, holdout_share: Decimal) -> str:
    """Return the arm of a bucket: the first buckets are held out.

    Args:
        bucket: 0 to 9,999.
        holdout_share: 0 to 1; a decimal, for 0.07 of 10,000 as a double is more than 700.
    """
    return HOLDOUT if bucket < holdout_share * BUCKETS else TREATMENT
