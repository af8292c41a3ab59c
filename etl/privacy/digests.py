"""Keyed digests of many texts, and a memory of fixed size for those that were seen."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import polars as pl

DIGEST_BYTES = 16
_BLOCK_BYTES = 64
# 64 MiB: about two million people, of whom few push another out.
_PLACES = 1 << 22

Halves = npt.NDArray[np.uint64]


class KeyedDigest:
    """The first 16 bytes of HMAC-SHA256 with one key: two hash states are copied for each text.

    Source:
        RFC 2104 (1997), section 2. ``hmac.digest`` prepares the key anew for each text, which is
        most of its cost.
    """

    def __init__(self, key: bytes) -> None:
        short = hashlib.sha256(key).digest() if len(key) > _BLOCK_BYTES else key
        padded = np.frombuffer(short.ljust(_BLOCK_BYTES, b"\0"), dtype=np.uint8)
        self._inner = hashlib.sha256((padded ^ 0x36).tobytes())
        self._outer = hashlib.sha256((padded ^ 0x5C).tobytes())

    def digests(self, prefix: bytes, texts: pl.Series) -> pl.Series:
        """Return the digest (Binary) of ``prefix`` and text, for each text; none may be null."""
        begun = self._inner.copy()
        begun.update(prefix)
        inner_copy, outer_copy = begun.copy, self._outer.copy
        made = []
        for text in texts.cast(pl.Binary()).to_list():
            inner, outer = inner_copy(), outer_copy()
            inner.update(text)
            outer.update(inner.digest())
            made.append(outer.digest()[:DIGEST_BYTES])
        return pl.Series(made, dtype=pl.Binary())


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
    return np.frombuffer(b"".join(digests.to_list()), dtype=np.uint64).reshape(-1, 2)


def _place(halves: Halves) -> npt.NDArray[np.intp]:
    return (halves[:, 0] % _PLACES).astype(np.intp)
