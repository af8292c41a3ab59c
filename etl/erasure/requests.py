"""What an erasure was asked for: requests in the lake, records, or addresses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import polars as pl

from etl.contract import TABLES
from etl.erasure.reading import lake_rows
from etl.errors import UsageError
from etl.identity.nodes import EMAIL
from etl.lake.commits import Lake
from etl.privacy.forgetting import HANDLINGS, nodes_of
from etl.privacy.suppression import EMAIL_SHA256, NOBODY, NODE, Erased
from etl.privacy.tokens import is_role_inbox, normalise
from etl.privacy.vault import Vault

# What a source may call a request to forget all of somebody; others are for somebody else to read.
SCOPES = ("all", "everything")
_RECORD_TABLES = ("crm_contacts", "crm_accounts", "crm_leads", "orders")
# What a record of theirs may be.
_KINDS = {"contact", "account", "lead", "customer_ref"}


@dataclass(frozen=True)
class Asked:
    """Who is to be erased, as it was said.

    Args:
        pending: Whoever the requests in the lake name.
        customers: Records, as ``<source_system>/<id>`` or ``<source_system>/<entity>/<id>``.
        email_file: A file of addresses, one a line.
        scopes: The scopes of requests that mean all of somebody.
    """

    pending: bool = False
    customers: tuple[str, ...] = ()
    email_file: Path | None = None
    scopes: tuple[str, ...] = SCOPES

    @property
    def is_nothing(self) -> bool:
        """Whether nobody was named."""
        return not (self.pending or self.customers or self.email_file)


@dataclass(frozen=True)
class Named:
    """Whom it names.

    Args:
        seeds: NODE.
        requests: The requests behind it, as ``<source_system>/<request_id>``.
        left: Requests of another scope, with it: they are not for this command.
        waiting: Requests that name nothing but an address that is not known (yet).
    """

    seeds: pl.DataFrame
    requests: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()


def read_asked(vault: Vault, lake: Lake, asked: Asked, erased: Erased) -> Named:
    """Find whom the words name.

    Raises:
        UsageError: A record is not known, two people's records are called so, a line of the file is
            no address of one person, or nobody was named at all.
    """
    if asked.is_nothing:
        todo = "Give --pending, --customer <source_system>/<id> or --email-file FILE."
        raise UsageError("Nobody said who is to be erased.", where="loyalty erase", todo=todo)
    named = _pending(vault, lake, asked.scopes) if asked.pending else Named(_nodes([]))
    seeds = [named.seeds, _nodes(_customers(lake, asked.customers, erased))]
    if asked.email_file is not None:
        seeds.append(_addresses(asked.email_file, erased))
    return replace(named, seeds=pl.concat(seeds).unique().sort(NODE))


def _pending(vault: Vault, lake: Lake, scopes: Sequence[str]) -> Named:
    """Return whom the requests of the lake name that were not carried out: those have no name.

    An address that is only known by its hash cannot be kept out as its token, so a request that
    names nothing else stays as it is until the address was delivered.
    """
    columns = ("source_system", "request_id", "contact_id", "email_sha256", "scope", "is_deleted",
               "updated_at", "source_sequence", "record_hash")  # fmt: skip
    rows = lake_rows(lake, "crm_erasures", columns).sort(columns[6:], nulls_last=False)
    latest = rows.unique(["source_system", "request_id"], keep="last", maintain_order=True)
    names = pl.col("contact_id").is_not_null() | pl.col("email_sha256").is_not_null()
    open_ = latest.filter(names & ~pl.col("is_deleted")).sort("source_system", "request_id")
    is_meant = pl.col("scope").str.strip_chars().str.to_lowercase().is_in(list(scopes))
    asked, other = open_.filter(is_meant), open_.filter(~is_meant)
    tokens = tokens_of(vault, asked["email_sha256"].drop_nulls())
    known = pl.col("email_sha256").is_in(list(tokens)) | pl.col("contact_id").is_not_null()
    meant, waiting = asked.filter(known), asked.filter(~known)
    handling = HANDLINGS["crm_erasures"]
    found = [nodes_of(meant, name, NOBODY, is_clear=False) for name in handling.names]
    found.append(_nodes(("", EMAIL, token) for token in tokens.values()))
    scoped = zip(_requests(other), other["scope"], strict=True)
    return Named(
        pl.concat(found).drop_nulls(),
        _requests(meant),
        tuple(f"{request} ({scope})" for request, scope in scoped),
        _requests(waiting),
    )


def _requests(rows: pl.DataFrame) -> tuple[str, ...]:
    return tuple("/".join(row) for row in rows.select("source_system", "request_id").rows())


def tokens_of(vault: Vault, hashed: Iterable[str]) -> dict[str, str]:
    """Return the tokens of the addresses that are named by their hash, where the vault knows."""
    wanted = set(hashed)
    if not wanted:
        return {}
    found = ((address_hash(value), token) for token, value in vault.values_of("email"))
    return {name: token for name, token in found if name in wanted}


def address_hash(address: str) -> str:
    """Return the hash by which requests name an address."""
    return sha256(normalise("email", address).encode()).hexdigest()


def _customers(lake: Lake, asked: Iterable[str], erased: Erased) -> Iterator[tuple[str, str, str]]:
    if not asked:
        return
    known = pl.concat(
        nodes_of(_named_rows(lake, table), name, erased, is_clear=False)
        for table in _RECORD_TABLES
        for name in HANDLINGS[table].names
        if name.is_own or (table == "orders" and name.entity in {"customer_ref", "contact"})
    )
    known = known.drop_nulls().unique()
    for text in asked:
        if _called(text, known).height or not _was_erased(text, erased):
            yield _customer(text, known)


def _named_rows(lake: Lake, table: str) -> pl.DataFrame:
    columns = {"source_system", "crm_system", *TABLES[table].key}
    columns |= {name.column for name in HANDLINGS[table].names}
    schema = TABLES[table].lake_schema()
    return lake_rows(lake, table, [name for name in schema if name in columns]).unique()


def _called(text: str, known: pl.DataFrame) -> pl.DataFrame:
    """Return the records that are called so: <source_system>/<id> or .../<kind>/<id>."""
    system, _, rest = text.strip().partition("/")
    entity, _, source_id = rest.partition("/")
    is_one = (pl.col("source_id") == rest) | (
        (pl.col("entity") == entity) & (pl.col("source_id") == source_id)
    )
    return known.filter((pl.col("source_system") == system) & is_one)


def _was_erased(text: str, erased: Erased) -> bool:
    """Tell whether a record called so is on the list: an erasure may be asked for twice."""
    system, _, rest = text.strip().partition("/")
    named, _, source_id = rest.partition("/")
    calls = [(kind, rest) for kind in _KINDS] + [(kind, source_id) for kind in _KINDS & {named}]
    return any(erased.digest(system, *call) in erased.digests for call in calls)


def _customer(text: str, known: pl.DataFrame) -> tuple[str, str, str]:
    found = _called(text, known)
    if found.height == 1:
        return found.row(0)
    if found.is_empty():
        raise UsageError(
            "No record is called so.", where="--customer", todo="Write it as <source_system>/<id>."
        )
    raise UsageError(
        f"Records of {found.height} kinds are called so: {', '.join(found['entity'].sort())}.",
        where="--customer",
        todo="Name the kind too: <source_system>/<kind>/<id>.",
    )


def _addresses(path: Path, erased: Erased) -> pl.DataFrame:
    """Return the addresses of a file by their tokens and hashes."""
    lines = [line.strip() for line in _text(path).splitlines()]
    addresses = pl.Series("email", [line for line in lines if line], dtype=pl.String)
    bad = [n for n, line in enumerate(lines, start=1) if line and _is_no_person(line)]
    if bad or addresses.is_empty():
        which = f"Lines {', '.join(map(str, bad))} hold" if bad else "The file holds"
        raise UsageError(
            f"{which} no address of one person.",
            where=str(path),
            todo="Write one address a line. Of a shared inbox, name the contact with --customer.",
        )
    tokens = erased.token("email", addresses)
    digests = [address_hash(text) for text in addresses]
    return _nodes(
        [("", EMAIL, token) for token in tokens] + [("", EMAIL_SHA256, text) for text in digests]
    )


def _text(path: Path) -> str:
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", errors="replace")
        raise UsageError(
            "A letter of the file is not UTF-8.",
            where=f"{path}, line {len((before + '.').splitlines())}",
            todo="Save it as UTF-8.",
        ) from None


def _is_no_person(line: str) -> bool:
    return bool(is_role_inbox(pl.Series([line])).item())


def _nodes(nodes: Iterable[tuple[str, str, str]]) -> pl.DataFrame:
    return pl.DataFrame(list(nodes), schema=dict.fromkeys(NODE, pl.String), orient="row")
