"""Read mapping files: YAML, then the language's JSON Schema, then the contract."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from etl.errors import MappingError
from etl.files import sha256_of
from etl.mapping.build import build
from etl.mapping.check import check
from etl.mapping.model import Mapping
from etl.mapping.source import Problem, Source, mapping_error, read
from etl.mapping.words import did_you_mean

SCHEMA_PATH = Path(__file__).with_name("schema.json")
_TYPES = {
    "object": "keys with values",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "boolean": "true or false",
}
_SOURCES = ("from", "const", "coalesce", "add", "text", "op")
_PARTNERS = {"on_unknown": "map", "subtract": "add"}
_TESTS = "filled, empty, {in: [...]}, {not_in: [...]}, {above: ...}"


def load_mappings(folder: Path) -> tuple[Mapping, ...]:
    """Read every ``*.yml`` of a folder, sorted by system.

    Raises:
        MappingError: A file has a mistake (names file, line and YAML path), two files are for
            one system, or there is no mapping at all.
    """
    paths = sorted(folder.glob("*.yml"))
    if not paths:
        raise MappingError(
            "There is no mapping.", where=str(folder), todo="Add a <system>.yml to this folder."
        )
    found: dict[str, Path] = {}
    mappings = []
    for path in paths:
        mapping = load_mapping(path)
        if mapping.system in found:
            raise MappingError(
                f"The system {mapping.system!r} has a mapping in {found[mapping.system].name} too.",
                where=f"{path.name} system",
                todo="Put all exports of a system into one file.",
            )
        found[mapping.system] = path
        mappings.append(mapping)
    return tuple(sorted(mappings, key=lambda mapping: mapping.system))


def load_mapping(path: Path) -> Mapping:
    """Read one mapping file; once a process, as long as it stays the same.

    Raises:
        MappingError: It has a mistake; names file, line and YAML path, and what was expected.
    """
    return _loaded(path, sha256_of(path) if path.is_file() else "")


# A run asks for its mappings at each step, and checking one takes a tenth of a second.
@lru_cache(maxsize=64)
def _loaded(path: Path, _sha256: str) -> Mapping:
    source = read(path)
    _raise_if(source, _schema_problems(source.values))
    _raise_if(source, check(source.values))
    return build(source.values)


def _raise_if(source: Source, problems: list[Problem]) -> None:
    if problems:
        raise mapping_error(source, problems)


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(SCHEMA_PATH.read_text(encoding="utf-8")))


def _schema_problems(values: object) -> list[Problem]:
    errors = sorted(_validator().iter_errors(values), key=lambda e: [str(p) for p in e.path])
    return [problem for error in errors for problem in _explained(error)]


def _explained(error: ValidationError) -> Iterable[Problem]:
    """Say a schema violation in the words of the mapping language."""
    path = tuple(error.absolute_path)
    value: Any = error.instance
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        for key in sorted(set(value) - set(known)):
            yield Problem((*path, key), f"Unknown key{did_you_mean(key, known)}")
    elif error.validator == "required":
        for key in sorted(set(error.validator_value) - set(value)):
            yield Problem(path, f"The key {key!r} is missing.")
    elif error.validator == "dependentRequired":
        alone = next(word for word in ("on_unknown", "subtract") if repr(word) in error.message)
        yield Problem(path, f"{alone!r} has a meaning only beside {_PARTNERS[alone]!r}.")
    elif error.validator == "type":
        yield Problem(path, _wrong_type(error.validator_value, value))
    elif error.validator == "enum":
        yield Problem(path, _not_listed(value, error.validator_value))
    elif error.validator == "oneOf":
        yield Problem(path, _no_alternative(path, value))
    else:
        yield Problem(path, f"{error.message}. Expected: {error.schema.get('description', '')}")


def _wrong_type(expected: str | list[str], value: object) -> str:
    names = [expected] if isinstance(expected, str) else expected
    # YAML itself reads 1.0 as a number and no, yes, on, off as truth values.
    quotes = " Put it in quotes." if isinstance(value, bool | float) else ""
    return f"Expected {' or '.join(_TYPES[n] for n in names)}, found {value!r}.{quotes}"


def _not_listed(value: object, known: list[str]) -> str:
    return f"{value!r} is not known{did_you_mean(str(value), [str(k) for k in known])}"


def _no_alternative(path: tuple[str | int, ...], value: object) -> str:
    if path[-1] == "on_unknown":
        return f"Expected reject, null or {{const: ...}}, found {value!r}."
    if "when" in path:
        return f"Expected one of {_TESTS}; found {value!r}."
    if "ops" in path:
        operations = _validator().schema["$defs"]["operation"]["oneOf"][0]["enum"]
        return _not_listed(value, [*operations, "{split_list: ...}"])
    given = [key for key in _SOURCES if isinstance(value, dict) and key in value]
    found = " and ".join(given) or "none of them"
    return f"Expected exactly one of {', '.join(_SOURCES)}; found {found}."
