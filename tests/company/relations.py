"""What else the help desk knows of the small company's customers: sales, campaigns, loyalty.

A few rows of each table. Each kind of party is named once, and once somebody nobody delivered.
"""

from __future__ import annotations

from datetime import UTC, datetime

from tests.company.model import HISTORY_ON, Service

# Event type -> events of a known customer, events of nobody known.
EVENTS = {
    "campaign_responded": (1, 0),
    "campaign_sent": (3, 1),
    "case_apology": (1, 0),
    "case_reply": (1, 1),
    "contract_cancelled": (1, 0),
    "contract_started": (1, 0),
    "interaction": (3, 1),
    "loyalty_joined": (2, 0),
    "loyalty_left": (1, 0),
    "opportunity_lost": (1, 0),
    "opportunity_opened": (3, 1),
    "opportunity_won": (1, 0),
    "points_adjusted": (1, 0),
    "points_burned": (1, 0),
    "points_earned": (1, 1),
    "points_expired": (1, 0),
    "points_reversed": (1, 0),
    "referral_made": (3, 0),
    "referral_received": (2, 1),
}

# Export -> header and rows; the first instant of a row is when it became known.
_TABLES: dict[str, str] = {
    "interactions": """
        Interaction,Contact,Account,Lead,Rep,Channel,Direction,Type,At,Robot
        I-1,C-0001,,,U-1,phone,in,call,2025-03-03T10:00:00Z,no
        I-2,,A-191,,U-1,meeting,out,visit,2025-03-04T10:00:00Z,
        I-3,,,L-9,U-2,web,in,form,2025-03-05T10:00:00Z,no
        I-4,C-0002,,,,email,in,open,2025-03-06T10:00:00Z,yes
    """,
    "case_steps": """
        Step,Case,Type,At,Rep,Robot
        E-1,T-0001,apology,2025-11-21T10:00:00Z,U-1,no
        E-2,T-0001,reply,2025-11-21T11:00:00Z,,yes
        E-3,T-9999,reply,2025-11-21T12:00:00Z,U-1,no
    """,
    "deals": """
        Deal,Contact,Account,Stage,Amount,Currency,Won,Created,Closed
        O-1,,A-191,signed,100.00,EUR,yes,2025-05-02T10:00:00Z,2025-05-05T10:00:00Z
        O-2,C-0003,,refused,50.00,USD,no,2025-05-02T10:00:00Z,2025-05-06T10:00:00Z
        O-3,,A-192,offer,70.00,USD,,2025-05-02T10:00:00Z,
        O-4,,A-999,offer,70.00,USD,,2025-05-02T10:00:00Z,
    """,
    "contracts": """
        Contract,Account,Starts,Ends,Renews,Notice,Updated
        G-1,A-191,2025-01-01,2025-12-31,yes,2025-06-02T10:00:00Z,2025-06-02T10:00:00Z
        G-2,A-192,2026-12-01,,no,,2025-06-02T10:00:00Z
    """,
    "campaigns": """
        Campaign,Name,Type,Channel,Starts,Spend,Currency,Updated
        M-1,Spring,winback,email,2025-04-01,120.00,USD,2025-04-01T10:00:00Z
    """,
    "campaign_members": """
        Campaign,Kind,Party,Arm,Sent,Responded,Updated
        M-1,contact,C-0001,treatment,2025-04-02T10:00:00Z,2025-04-03T10:00:00Z,2025-04-03T10:00:00Z
        M-1,contact,C-0002,treatment,2025-04-02T10:00:00Z,,2025-04-02T10:00:00Z
        M-1,account,A-191,treatment,2025-04-02T10:00:00Z,,2025-04-02T10:00:00Z
        M-1,contact,C-9999,treatment,2025-04-02T10:00:00Z,,2025-04-02T10:00:00Z
        M-1,contact,C-0004,holdout,,,2025-04-02T10:00:00Z
    """,
    "media_cost": """
        Day,Channel,Purpose,Amount,Currency,Updated
        2025-09-01,search,acquisition,300.00,USD,2025-09-02T10:00:00Z
        2025-04-01,search,retention,-20.00,USD,2025-04-02T10:00:00Z
    """,
    "members": """
        Member,Contact,Programme,Tier,Joined,Left,Updated
        B-1,C-0001,club,gold,2025-01-01,,2025-01-01T10:00:00Z
        B-2,C-0002,club,,2025-01-02,2025-07-01,2025-07-01T10:00:00Z
    """,
    "points": """
        Movement,Member,Kind,Points,At
        X-1,B-1,earn,10.50,2025-01-05T10:00:00Z
        X-2,B-1,burn,-4.00,2025-01-06T10:00:00Z
        X-3,B-1,expire,-1.00,2025-01-07T10:00:00Z
        X-4,B-1,adjust,2.00,2025-01-08T10:00:00Z
        X-5,B-1,reverse,4.00,2025-01-09T10:00:00Z
        X-6,B-9,earn,1.00,2025-01-09T10:00:00Z
    """,
    "referrals": """
        Referral,By,Of,Email,Order,Shop,At
        R-1,C-0001,C-0002,,,,2025-02-01T10:00:00Z
        R-2,C-0003,,nobody@mail.example,,,2025-02-01T10:00:00Z
        R-3,C-0005,,,N-0006-001,north_shop,2025-02-01T10:00:00Z
    """,
    "staff": """
        Rep,Name,Hired,Queue,Updated
        U-1,Rita Book,2020-01-01,no,2025-01-01T10:00:00Z
        U-2,Second line,,yes,2025-01-01T10:00:00Z
    """,
    "partners": """
        Partner,Name,Joined,Updated
        Z-1,Corner Shop Ltd,2021-01-01,2025-01-01T10:00:00Z
    """,
    "wallets": """
        Kind,Party,Category,Year,Amount,Currency,Basis,Updated
        contact,C-0001,tea,2025,400.00,USD,declared,2025-01-01T10:00:00Z
    """,
    "forgotten": """
        Request,Contact,Hash,At
        F-1,C-0149,,2025-12-01T10:00:00Z
    """,
}
EXPORTS = tuple(_TABLES)


def relations() -> tuple[Service, ...]:
    """Return the rows of all these exports; they come with the history, once."""
    return tuple(
        Service(export, _known_at(row), HISTORY_ON, row)
        for export, text in _TABLES.items()
        for row in _rows(text)
    )


def _rows(text: str) -> list[dict[str, str]]:
    header, *lines = (line.strip().split(",") for line in text.strip().splitlines())
    return [dict(zip(header, line, strict=True)) for line in lines]


def _known_at(row: dict[str, str]) -> datetime:
    instant = row.get("Updated") or row.get("At") or row["Created"]
    return datetime.strptime(instant, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
