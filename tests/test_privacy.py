"""Tokens: the same person gives the same token, and nothing else can be read from it."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.config import load_settings
from etl.contract import TABLES
from etl.errors import Busy
from etl.privacy import digests
from etl.privacy import tokens as module
from etl.privacy.digests import KeyedDigest, SeenDigests
from etl.privacy.tokens import (
    FREEMAIL_DOMAINS,
    ROLE_MAILBOXES,
    Tokeniser,
    Vault,
    birth_parts,
    email_domain,
    is_role_inbox,
    normalise,
    normalised,
)

KEY = bytes(range(32))
TOKENISER = Tokeniser(KEY)


def text(*values: str | None) -> pl.Series:
    return pl.Series("value", values, dtype=pl.String)


def tokens(kind: str, *values: str | None) -> list[str | None]:
    return TOKENISER.tokenise(kind, text(*values)).to_list()  # type: ignore[arg-type]


def test_a_token_is_the_keyed_hash_of_kind_and_normalised_value() -> None:
    expected = hmac.new(KEY, b"email:ann@example.org", hashlib.sha256).hexdigest()[:32]
    assert tokens("email", " Ann@Example.ORG\t") == [expected]


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        ("email", "Ann@Example.org", "  ann@example.ORG "),
        ("email", "andre\u0301@x.org", "andr\u00e9@x.org"),
        ("phone", "+1 (212) 555-0100", "+12125550100"),
        ("phone", "２１２", "212"),
        ("name", " STRASSE", "Straße"),
        ("name", "Ann", "ANN "),
    ],
)
def test_two_ways_of_writing_give_one_token(kind: str, first: str, second: str) -> None:
    a, b = tokens(kind, first, second)
    assert a == b


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        ("email", "ann@x.org", "ann@y.org"),
        ("email", "ann+1@x.org", "ann@x.org"),
        ("phone", "+12", "12"),
        ("name", "Ann", "An n"),
    ],
)
def test_two_values_give_two_tokens(kind: str, first: str, second: str) -> None:
    a, b = tokens(kind, first, second)
    assert a != b


def test_kinds_and_keys_do_not_meet() -> None:
    assert tokens("email", "5") != tokens("name", "5") != tokens("phone", "5")
    assert Tokeniser(bytes(32)).tokenise("name", text("5")).to_list() != tokens("name", "5")


def test_nothing_stays_nothing() -> None:
    assert tokens("email", None, "", "  ") == [None, None, None]
    assert tokens("phone", "n/a", "+") == [None, None]
    assert tokens("name") == []


def test_name_type_and_order_are_kept() -> None:
    column = pl.Series("email", ["b@x.org", None, "a@x.org", "b@x.org"])
    made = TOKENISER.tokenise("email", column)
    assert (made.name, made.dtype, made.null_count()) == ("email", pl.String, 1)
    assert made[0] == made[3] != made[2]


@given(st.text(max_size=20))
def test_normalising_twice_changes_nothing(value: str) -> None:
    for kind in ("email", "phone", "birth_on"):
        once = normalise(kind, value)  # type: ignore[arg-type]
        assert normalise(kind, once) == once  # type: ignore[arg-type]


# Letters that fold or compose, blanks of several alphabets, and what addresses are made of.
WRITTEN = st.text(alphabet="aB@.+-_0 9\t\x1c\x85\u00a0\u2003İßé\u0301ＡＢ２＠.ai", max_size=14)


@given(st.lists(WRITTEN | st.sampled_from(["info@acme.com", "No-Reply@x.org", "a@GMX.de"])))
def test_all_at_once_is_the_same_as_one_by_one(values: list[str]) -> None:
    for kind in ("email", "phone", "name", "birth_on"):
        expected = [normalise(kind, value) for value in values]  # type: ignore[arg-type]
        assert normalised(kind, text(*values)).to_list() == expected  # type: ignore[arg-type]


@given(st.lists(WRITTEN, min_size=1))
def test_an_address_is_what_python_takes_for_one(values: list[str]) -> None:
    address = re.compile(r"([^@\s]+)@((?:[^@\s.]+\.)+[^@\s.]{2,})")
    found = [address.fullmatch(normalise("email", value)) for value in values]
    domains = [m[2] if m and m[2] not in FREEMAIL_DOMAINS else None for m in found]
    assert email_domain(text(*values)).to_list() == domains
    nobodies = [
        m is None or m[1].split("+")[0] in ROLE_MAILBOXES or re.fullmatch(
            "(?:do[-_.]?)?no(?:t)?[-_.]?reply", m[1].split("+")[0]
        ) is not None
        for m in found
    ]  # fmt: skip
    assert is_role_inbox(text(*values)).to_list() == nobodies


@given(st.binary(min_size=32, max_size=100), st.lists(st.text(max_size=200), min_size=1))
def test_a_keyed_digest_is_the_standard_one(key: bytes, values: list[str]) -> None:
    found = KeyedDigest(key).digests(b"name:", text(*values)).to_list()
    assert found == [hmac.digest(key, f"name:{v}".encode(), "sha256").hex()[:32] for v in values]


def test_a_digest_that_lost_its_place_is_unseen_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "_PLACES", 1)
    one, other = (pl.Series([f"{n:032x}"]) for n in (1, 2))
    seen = SeenDigests()
    assert seen.unseen(one).to_list() == [True]
    seen.add(one)
    assert (seen.unseen(one).to_list(), seen.unseen(other).to_list()) == ([False], [True])
    seen.add(other)
    assert seen.unseen(one).to_list() == [True]


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Tokeniser(b"short")


def test_the_domain_stays_for_companies_only() -> None:
    values = text("a@Acme.COM", "a@gmail.com", " a@GMX.de", "n/a", "a@b@c.de", "a@localhost", None)
    assert email_domain(values).to_list() == ["acme.com", None, None, None, None, None, None]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("info@acme.com", True),
        ("Sales@acme.com", True),
        ("info+web@acme.com", True),
        ("no-reply@acme.com", True),
        ("donotreply@acme.com", True),
        ("noreply@acme.com", True),
        ("unknown", True),
        ("-", True),
        ("@", True),
        ("a b@acme.com", True),
        ("ann@acme.com", False),
        ("information@acme.com", False),
        ("ann.info@acme.com", False),
        ("ann+info@gmail.com", False),
        (None, None),
    ],
)
def test_an_inbox_that_is_nobody_in_particular(value: str | None, expected: bool | None) -> None:
    assert is_role_inbox(text(value)).to_list() == [expected]


def test_of_a_birth_date_month_and_day_stay() -> None:
    month, day = birth_parts(pl.Series([date(1980, 2, 29), None]))
    assert (month.to_list(), day.to_list()) == ([2, None], [29, None])


def test_a_contract_table_keeps_no_clear_value(tmp_path: Path) -> None:
    table = TABLES["crm_contacts"]
    clear = {"email": "Ann@Acme.com", "phone": "+1 2", "first_name": "Ann", "last_name": "Li"}
    frame = pl.DataFrame({**clear, "birth_on": date(1980, 2, 29), "contact_id": "1"})
    made = TOKENISER.tokenise_frame(frame, table.pii)
    lake = table.lake_schema()
    assert {name: dtype for name, dtype in made.schema.items() if name in lake} == made.schema
    assert all(made.schema[name] == lake[name] for name in made.columns)
    row = made.row(0, named=True)
    assert (row["email_domain"], row["email_is_role"]) == ("acme.com", False)
    assert (row["birth_month"], row["birth_day"], row["contact_id"]) == (2, 29, "1")
    assert all(len(row[name]) == 32 for name in (*clear, "birth_on"))
    assert not {str(value) for value in clear.values()} & {str(value) for value in row.values()}


def test_the_vault_remembers_what_was_tokenised(tmp_path: Path) -> None:
    vault = Vault(load_settings(data=tmp_path))
    tokeniser = Tokeniser(KEY, vault)
    made = tokeniser.tokenise("email", text(" B@x.org ", "b@X.org", None, "", "a@x.org"))
    tokeniser.flush()
    assert vault.reveal(made[0]) in {"B@x.org", "b@X.org"}
    assert vault.reveal(made[4]) == "a@x.org"


def test_many_values_reach_the_vault_though_nobody_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_VALUES_A_TIME", 2)
    vault = Vault(load_settings(data=tmp_path))
    tokeniser = Tokeniser(KEY, vault)
    first = tokeniser.tokenise("name", text("Ann"))
    assert vault.reveal(first[0]) is None
    tokeniser.tokenise("name", text("Ann", "Bob"))
    assert vault.reveal(first[0]) == "Ann"


def test_what_the_vault_could_not_take_is_given_to_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = Vault(load_settings(data=tmp_path))
    tokeniser = Tokeniser(KEY, vault)
    [email] = tokeniser.tokenise("email", text("a@x.org"))
    [name] = tokeniser.tokenise("name", text("Ann"))

    def refuse(_vault: Vault, kind: str, _pairs: pl.DataFrame) -> int:
        raise Busy("The vault is in use.", where="vault", todo="Wait.")

    with monkeypatch.context() as patch, pytest.raises(Busy):
        patch.setattr(Vault, "remember", refuse)
        tokeniser.flush()
    tokeniser.flush()
    assert vault.reveal_all([email, name]) == {email: "a@x.org", name: "Ann"}
