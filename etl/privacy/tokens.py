"""Personal values become tokens before they reach the lake.

A token is the first 32 hex digits of HMAC-SHA256(pseudonym key, ``kind:normalised value``): the
same person gives the same token in every system and delivery, and without the key nobody can test
a guess. Beside the token stay only: the domain of a company's e-mail, whether an e-mail is a role
inbox, and month and day of a birth date.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

import polars as pl
import pyarrow as pa

from etl.contract.columns import Pii
from etl.privacy.digests import KeyedDigest, SeenDigests
from etl.privacy.vault import Vault, load_or_create_key

__all__ = [
    "Tokeniser",
    "Vault",
    "birth_parts",
    "email_domain",
    "is_role_inbox",
    "load_or_create_key",
    "normalise",
]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Domains where anybody gets a mailbox: they say nothing about an employer. Kept by hand; add to it.
FREEMAIL_DOMAINS = _words(
    """
    126.com 163.com aim.com alice.it aol.com arcor.de att.net bellsouth.net bigpond.com bk.ru
    bluewin.ch bol.com.br btinternet.com charter.net comcast.net cox.net daum.net duck.com
    earthlink.net email.com email.cz fastmail.com foxmail.com free.fr freenet.de gmail.com gmx.at
    gmx.ch gmx.com gmx.de gmx.net googlemail.com hanmail.net hey.com hotmail.co.uk hotmail.com
    hotmail.de hotmail.es hotmail.fr hotmail.it hushmail.com icloud.com inbox.com inbox.ru
    interia.pl juno.com laposte.net libero.it list.ru live.co.uk live.com live.fr live.nl mac.com
    mail.com mail.ru mailbox.org me.com msn.com naver.com neuf.fr o2.pl optonline.net orange.fr
    outlook.com outlook.de outlook.fr pm.me posteo.de proton.me protonmail.com qq.com
    rediffmail.com rocketmail.com sbcglobal.net seznam.cz sfr.fr shaw.ca sina.com sky.com sohu.com
    t-online.de talktalk.net telenet.be terra.com.br tin.it tiscali.it tuta.com tutanota.com
    uol.com.br verizon.net virgilio.it virginmedia.com vk.com wanadoo.fr web.de wp.pl ya.ru
    yahoo.ca yahoo.co.in yahoo.co.jp yahoo.co.uk yahoo.com yahoo.com.au yahoo.com.br yahoo.de
    yahoo.es yahoo.fr yahoo.it yandex.com yandex.ru yeah.net ymail.com zoho.com
    """
)
# Mailboxes that several people read. RFC 2142 names the first two lines, the rest is common use.
ROLE_MAILBOXES = _words(
    """
    abuse ftp hostmaster info marketing news noc postmaster sales security support
    usenet uucp webmaster www
    accounting accounts admin administrator ap ar billing booking bookings buero careers commercial
    compras compta contact contabilidad customerservice donotreply einkauf enquiries enquiry
    facturacion feedback finance hello help helpdesk hi hr inquiries inquiry invoice invoices
    it jobs kontakt legal mail mailer-daemon office ops order orders payments payroll pr press
    privacy purchasing reception recruiting returns rh service shop staff store team test
    vendas ventas verkauf vertrieb
    """
)
# The vault is sorted by token: many values at once touch its pages less often than a few.
_VALUES_A_TIME = 100_000
# What Python takes for a blank: the separators 1C to 1F are none for other engines.
_BLANK = r"\s\x1c-\x1f"
_ADDRESS = rf"^[^@{_BLANK}]+@(?:[^@{_BLANK}.]+\.)+[^@{_BLANK}.]{{2,}}$"
_NO_REPLY = "^(?:do[-_.]?)?no(?:t)?[-_.]?reply$"
# Texts in which no rule of Unicode can apply.
_PLAIN = "^[ -~]*$"


def normalise(kind: Pii, value: str) -> str:
    """Return what two ways of writing the same value have in common; empty when nothing is left.

    ============  =================================================================
    kind          kept
    ============  =================================================================
    email         composed characters (NFC), outer blanks off, lower case
    name          the same, case folded (``Straße`` is ``STRASSE``)
    phone         the digits 0-9, after a ``+`` if it begins with one
    birth_on      the ISO day as given
    ============  =================================================================
    """
    text = unicodedata.normalize("NFC", value).strip()
    if kind == "phone":
        plain = unicodedata.normalize("NFKC", text)  # full-width digits and plus
        digits = re.sub("[^0-9]", "", plain)
        return f"+{digits}" if digits and plain.startswith("+") else digits
    if kind == "email":
        return text.lower()
    return text.casefold() if kind == "name" else text


def normalised(kind: Pii, values: pl.Series) -> pl.Series:
    """Return :func:`normalise` of every value (String); the plain ones all at once."""
    plain = values.str.contains(_PLAIN)
    quick = values.to_frame("value").select(_normalised_plain(kind)).to_series()
    odd = (~plain).arg_true()
    return quick.scatter(odd, [normalise(kind, value) for value in values.gather(odd)])


def _normalised_plain(kind: Pii) -> pl.Expr:
    """Say :func:`normalise` for texts of printable ASCII."""
    text = pl.col("value").str.strip_chars(" ")
    if kind == "phone":
        digits = text.str.replace_all("[^0-9]", "")
        international = text.str.starts_with("+") & (digits != "")
        return pl.when(international).then("+" + digits).otherwise(digits)
    return text if kind == "birth_on" else text.str.to_lowercase()


class Tokeniser:
    """Turns columns of personal values into columns of tokens.

    Args:
        key: The pseudonym key, see :func:`load_or_create_key`.
        vault: Where the clear values are remembered; None to forget them. :meth:`flush` has the
            last of them written.

    Raises:
        ValueError: The key is shorter than 32 bytes.
    """

    def __init__(self, key: bytes, vault: Vault | None = None) -> None:
        if len(key) < 32:
            raise ValueError("the pseudonym key must have at least 32 bytes")
        self._keyed = KeyedDigest(key)
        self._vault = vault
        self._seen = SeenDigests()
        self._fresh: list[tuple[Pii, pa.Table]] = []

    def tokenise(self, kind: Pii, values: pl.Series) -> pl.Series:
        """Return the tokens of a column (String, same name); null and blank values stay null."""
        texts = values.cast(pl.String)
        return self._tokenised(kind, texts, normalised(kind, texts))

    def tokenise_frame(self, frame: pl.DataFrame, pii: Mapping[str, Pii]) -> pl.DataFrame:
        """Replace the personal columns of a contract table and add what may stay beside them.

        Args:
            frame: Typed rows; e-mails, phones and names are String, birth dates Date.
            pii: Personal columns and what they hold, ``Table.pii``.

        Returns:
            The frame with tokens in place, ``<email>_domain`` and ``<email>_is_role`` for each
            e-mail column, ``birth_month`` and ``birth_day`` for a birth date.
        """
        made: list[pl.Series] = []
        for name, kind in pii.items():
            texts = frame[name].cast(pl.String)
            plain = normalised(kind, texts)
            made.append(self._tokenised(kind, texts, plain))
            if kind == "email":
                domain, is_role = _about_addresses(plain)
                made += [domain.rename(f"{name}_domain"), is_role.rename(f"{name}_is_role")]
            if kind == "birth_on":
                made += birth_parts(frame[name])
        return frame.with_columns(made)

    def _tokenised(self, kind: Pii, values: pl.Series, plain: pl.Series) -> pl.Series:
        """Return the tokens of values whose :func:`normalised` form is ``plain``."""
        digests = self._keyed.digests(f"{kind}:".encode(), plain.fill_null(""))
        pairs = pl.DataFrame({"value": values, "text": plain, "token": digests}).select(
            "value", pl.when(pl.col("text") != "").then(pl.col("token"))
        )
        self._remember(kind, pairs)
        return pairs["token"].rename(values.name)

    def _remember(self, kind: Pii, pairs: pl.DataFrame) -> None:
        """Keep for the vault what was not given to it before."""
        if self._vault is None:
            return
        known = pairs.select("token", "value").drop_nulls()
        fresh = known.filter(self._seen.unseen(known["token"]))
        if not fresh.height:
            return
        self._seen.add(fresh["token"])
        fresh = fresh.with_columns(pl.col("value").str.strip_chars())
        # As Arrow's older strings: a view would keep the texts of its whole batch.
        self._fresh.append((kind, fresh.to_arrow(compat_level=pl.CompatLevel.oldest())))
        if sum(table.num_rows for _, table in self._fresh) >= _VALUES_A_TIME:
            self.flush()

    def flush(self) -> None:
        """Put the clear values into the vault; their tokens must not count before that."""
        if self._vault is None:
            return
        for kind in sorted({kind for kind, _ in self._fresh}):
            tables = [table for of, table in self._fresh if of == kind]
            values = pl.DataFrame(pa.concat_tables(tables)).sort("token", "value")
            once = values.unique("token", keep="first", maintain_order=True)
            self._vault.remember(kind, once)
        self._fresh = []


def email_domain(values: pl.Series) -> pl.Series:
    """Return the domain of each e-mail, lower case; null for freemail and for no address."""
    return _about_addresses(normalised("email", values))[0]


def is_role_inbox(values: pl.Series) -> pl.Series:
    """Tell for each e-mail whether it cannot stand for one person; null stays null.

    True for role inboxes (``info@``), for no-reply addresses and for text that is no address at
    all (``n/a``): two records that share one are not the same customer.
    """
    return _about_addresses(normalised("email", values))[1]


def birth_parts(values: pl.Series) -> list[pl.Series]:
    """Return ``birth_month`` (1 to 12) and ``birth_day`` (1 to 31) of a Date column, Int8."""
    return [
        values.dt.month().cast(pl.Int8).rename("birth_month"),
        values.dt.day().cast(pl.Int8).rename("birth_day"),
    ]


def _about_addresses(plain: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the company's domain and whether the inbox is nobody's, of normalised e-mails."""
    text = pl.col("text")
    parts = text.str.splitn("@", 2).struct
    mailbox, domain = parts[0].str.splitn("+", 2).struct[0], parts[1]
    is_address = text.str.contains(_ADDRESS)
    is_role = mailbox.is_in(list(ROLE_MAILBOXES)) | mailbox.str.contains(_NO_REPLY)
    found = plain.to_frame("text").select(
        pl.when(is_address & ~domain.is_in(list(FREEMAIL_DOMAINS))).then(domain).alias("domain"),
        (~is_address | is_role).alias("is_role"),
    )  # fmt: skip
    return found["domain"], found["is_role"]
