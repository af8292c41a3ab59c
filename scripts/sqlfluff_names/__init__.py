"""What dbt offers inside Jinja, as far as this project uses it, for sqlfluff's jinja templater.

The linter looks at layout and names, not at meaning, so a call in place of the real SQL is enough.
The dbt templater would need dbt, a database and a build for every lint.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from types import SimpleNamespace

_VARIABLES = {"as_of_date": "2017-12-31", "minor_unit_digits": 2}


def _call(name: str) -> Callable[..., str]:
    # Only the first argument: some later ones (an order by) are no SQL by themselves.
    return lambda *arguments, **_: f"{name}({arguments[0]})"


def _dispatch(name: str, _package: str = "") -> Callable[..., str]:
    return _call(name)


def var(name: str, default: object = "item") -> object:
    """Stand in for dbt's ``var``."""
    return _VARIABLES.get(name, default)


modules = SimpleNamespace(re=re, datetime=datetime)
adapter = SimpleNamespace(dispatch=_dispatch)
exceptions = SimpleNamespace(raise_compiler_error=lambda message: f"/* {message} */")
dbt = SimpleNamespace(datediff=_call("datediff"), dateadd=_call("dateadd"))
globals()["return"] = lambda value: value
