"""The ``loyalty`` command. stdout is for data, stderr for people."""

from __future__ import annotations


def main() -> None:
    """Run the command line and exit with its code (see :mod:`etl.errors`)."""
    from etl.cli.app import app

    app(prog_name="loyalty")
