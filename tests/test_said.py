"""What is said while personal data are refused: nothing personal, on no screen, in no file."""

from __future__ import annotations

import gzip
import json
import logging
from pathlib import Path

import pytest
from typer.testing import CliRunner

from etl.cli.app import app
from tests.company.generate import MAPPINGS

DAY = "2026-01-27"
HEADER = (
    "Contact,Account,Master,Email,Phone,Stage,First name,Last name,Born,Deceased,Minor,Bounced,"
    "System,Reference,Created,Updated,Notes"
)
AT = "2026-01-26T10:00:00Z"
# A canary in every personal cell, and in one that nobody maps; each row but the first is wrong.
ROWS = (
    f"C-1,,,quill1@cage.example,+1 555 0100,,Quill,Bird,1990-01-02,,,,,,{AT},{AT},quill",
    f"C-2,,,quill2@cage.example,+1 555 0101,,Quill,Bird,born quill,false,false,,,,{AT},{AT},quill",
    f"C-3,,,quill3@cage.example,+1 555 0102,,Quill,Bird,1990-02-30,false,false,,,,{AT},{AT},",
    f"C-4,,,quill4@cage.example,+1 555 0103,,Quill,Bird,1990-01-02,wrong,false,,,,{AT},{AT},",
    f"C-5,,,quill5@cage.example,+1 555 0104,,Quill,Bird,,false,false,,,,wrong day,{AT},",
    f",,,quill6@cage.example,+1 555 0105,,Quill,Bird,,false,false,,,,{AT},{AT},",
    f"C-7,,,quill7@cage.example,+1 555 0106,,Quill,Bird,,false,false,,wrong,,{AT},{AT},",
)
WRONG_FILES = {
    "contacts_short.csv": f"{HEADER}\nC-8,quill8@cage.example\n".encode(),
    "contacts_latin.csv": f"{HEADER}\nC-9,,,quill9@cage.example,,,Qu\xe4ill quill\n".encode(
        "latin-1"
    ),
    "contacts_nul.csv": f"{HEADER}\nC-9,,,quill\0@cage.example\n".encode(),
    "contacts_cut.csv": f"{HEADER}\n{ROWS[0][:60]}".encode(),
    "contacts_header.csv": b"quill,bird\nquill@cage.example,x\n",
    "contacts_page.csv": b"<html><body>quill@cage.example</body></html>\n",
    "contacts_gz.csv": gzip.compress(f"{HEADER}\n{ROWS[0]}\n".encode())[:-9],
}


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    folder = tmp_path / "landing" / "help_desk" / DAY
    folder.mkdir(parents=True)
    many = [
        ROWS[0].replace("C-1,", f"C-1{n},").replace("quill1@", f"quill1{n}@") for n in range(20)
    ]
    (folder / f"contacts_{DAY}.csv").write_text("\n".join([HEADER, *ROWS, *many]) + "\n")
    for name, content in WRONG_FILES.items():
        (folder / name).write_bytes(content)
    manifest = {"business_day": DAY, "mode": "incremental"}
    (folder / "_manifest.json").write_text(json.dumps(manifest))
    return folder


def test_no_command_says_a_canary_and_no_file_keeps_one(
    landing: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Files of the vault are encrypted, so they need no exception."""
    caplog.set_level(logging.DEBUG)
    data, runner = tmp_path / "data", CliRunner()
    places = ("--data", str(data))
    mapping = str(MAPPINGS / "help_desk.yml")
    lands = (
        "land",
        "--as-of",
        DAY,
        "--landing",
        str(landing.parents[1]),
        "--mappings",
        str(MAPPINGS),
    )
    commands = [
        (*lands, *places),
        ("rejects", *places),
        ("rejects", "--rows", "50", *places),
        ("status", *places),
        ("doctor", *places),
        *(
            ("check", str(path), "--mapping", mapping, "--day", DAY, *places)
            for path in sorted(landing.glob("*.csv"))
        ),
    ]
    said = [runner.invoke(app, [*command, "--json"]) for command in commands]
    for command, result in zip(commands, said, strict=True):
        assert "quill" not in result.output.lower(), command
        assert result.exception is None or isinstance(result.exception, SystemExit), command
    assert said[0].exit_code == 0, said[0].output
    landed = json.loads(said[0].stdout.splitlines()[-1])
    assert landed["quarantined"] == len(ROWS) - 1
    assert landed["rejected_files"] == len(WRONG_FILES)
    assert "quill" not in caplog.text.lower()
    files = [path for path in data.rglob("*") if path.is_file()]
    assert {path.parts[len(data.parts)] for path in files} >= {"raw", "rejects", "vault"}
    assert [path for path in files if b"quill" in path.read_bytes().lower()] == []
