"""Keyed digests of many texts, and a memory of fixed size for those that were seen."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
from polars_hash import CryptographicHashingNameSpace

_DIGITS = 32
_BLOCK_BYTES = 64
# 64 MiB: about two million people, of whom few push another out.
_PLACES = 1 << 22

Halves = npt.NDArray[np.uint64]


class KeyedDigest:
    """The first 16 bytes of HMAC-SHA256 with one key, as 32 hex digits.

    The two hashes of which it is made are taken of whole columns; polars-hash has HMAC as well, but
    with a key of text only, and it would stand in the query's plan.

    Source:
        RFC 2104 (1997), section 2.
    """

    def __init__(self, key: bytes) -> None:
        short = hashlib.sha256(key).digest() if len(key) > _BLOCK_BYTES else key
        padded = np.frombuffer(short.ljust(_BLOCK_BYTES, b"\0"), dtype=np.uint8)
        self._inner = (padded ^ 0x36).tobytes()
        self._outer = (padded ^ 0x5C).tobytes()

    def digests(self, prefix: bytes, texts: pl.Series) -> pl.Series:
        """Return the digest (String) of ``prefix`` and text, for each text; none may be null."""
        inner = _sha256(_after(self._inner + prefix, texts.cast(pl.Binary())))
        return _sha256(_after(self._outer, _sha256_bytes(inner))).str.head(_DIGITS)


def _after(begin: bytes, values: pl.Series) -> pl.Series:
    """Join a beginning with each value; in a column, as a plan's literals may get into a log."""
    return pl.Series([begin], dtype=pl.Binary()) + values


def _sha256_bytes(digests: pl.Series) -> pl.Series:
    """Return SHA-256 digests as bytes; all at once, a fourth of the cost of ``str.decode``."""
    joined = pa.py_buffer(bytes.fromhex(digests.str.join("").item()))
    column = pa.FixedSizeBinaryArray.from_buffers(pa.binary(32), len(digests), [None, joined])
    return pl.Series(column).cast(pl.Binary())


def _sha256(values: pl.Series) -> pl.Series:
    digests = CryptographicHashingNameSpace(pl.col("value")).sha2_256()
    return values.to_frame("value").select(digests).to_series()


class SeenDigests:
    """Digests that were seen. It may forget one, but never claims one that was not seen.

    Each digest has one place; a later one of the same place takes it.
    """

    def __init__(self) -> None:
        self._places = np.zeros((_PLACES, 2), dtype=np.uint64)

    def unseen(self, digests: pl.Series) -> pl.Series:
        """Tell which digests are not known to have been seen."""
        halves = _halves(digests)
        return pl.Series((self._places[_place(halves)] != halves).any(axis=1))

    def add(self, digests: pl.Series) -> None:
        """Remember digests."""
        halves = _halves(digests)
        self._places[_place(halves)] = halves


def _halves(digests: pl.Series) -> Halves:
    joined = bytes.fromhex(digests.str.join("").item())
    return np.frombuffer(joined, dtype=np.uint64).reshape(-1, 2)


def _place(halves: Halves) -> npt.NDArray[np.intp]:
    return (halves[:, 0] % _PLACES).astype(np.intp)
