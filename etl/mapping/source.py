"""The text of a mapping file as plain values, and where in the file each of them stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from etl.errors import MappingError

YamlPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """One mistake in a mapping: where it stands and what was expected there."""

    path: YamlPath
    message: str


@dataclass(frozen=True)
class Source:
    """A mapping file that is readable YAML.

    Args:
        path: The file.
        values: Its content, made of dicts, lists, texts, numbers and booleans.
        root: The same content as YAML nodes, which know their line.
    """

    path: Path
    values: Any
    root: yaml.Node | None

    def line_of(self, path: YamlPath) -> int:
        """Return the line of a YAML path, or of the nearest thing around it that exists."""
        node, line = self.root, 1
        for step in path:
            found = _child(node, step)
            if found is None:
                break
            line, node = found
        return line


def read(path: Path) -> Source:
    """Read one mapping file with the safe loader.

    Raises:
        MappingError: It is not readable, not YAML, holds a date that does not exist, or names a
            key twice.
    """
    if not path.is_file():
        raise MappingError(
            "There is no such mapping file.", where=str(path), todo="Correct its path."
        )
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise MappingError(
            f"The mapping is not readable YAML: {_short(error)}",
            where=path.name,
            todo="Correct the file; indent with spaces.",
        ) from error
    source = Source(path, _plain(values), root)
    problems = [*_repeated_keys(root, ()), *_odd_keys(values, ())]
    if problems:
        raise mapping_error(source, problems)
    return source


def mapping_error(source: Source, problems: list[Problem]) -> MappingError:
    """Return the error that names the first problem by file, line and YAML path."""
    first, *others = problems
    more = "".join(f" Also {where(source, other)}: {other.message}" for other in others)
    return MappingError(first.message, where=where(source, first), todo=more.strip())


def where(source: Source, problem: Problem) -> str:
    """Return file, line and YAML path: ``shop.yml:12 exports.orders.files``."""
    dotted = ".".join(str(step) for step in problem.path)
    return f"{source.path.name}:{source.line_of(problem.path)} {dotted}".rstrip()


def _child(node: yaml.Node | None, step: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        item = node.value[step]
        return item.start_mark.line + 1, item
    return None


def _repeated_keys(node: yaml.Node | None, path: YamlPath) -> list[Problem]:
    """YAML's loader would keep the last of two equal keys without a word."""
    problems = []
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            here = (*path, str(key.value))
            if here in seen:
                problems.append(Problem(here, "The key stands here twice."))
            seen.add(here)
            problems += _repeated_keys(value, here)
    if isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            problems += _repeated_keys(item, (*path, position))
    return problems


def _odd_keys(value: object, path: YamlPath) -> list[Problem]:
    """YAML reads yes, no, on, off and numbers as keys that are not text."""
    problems = []
    if isinstance(value, dict):
        for key, child in value.items():
            here = (*path, str(key))
            if not isinstance(key, str):
                message = f"YAML reads this key as {key!r}, not as text; put it in quotes."
                problems.append(Problem(here, message))
            problems += _odd_keys(child, here)
    if isinstance(value, list):
        for position, child in enumerate(value):
            problems += _odd_keys(child, (*path, position))
    return problems


def _plain(value: Any) -> Any:
    """Write a date without quotes as the text it was; the rest is as YAML reads it."""
    if isinstance(value, dict):
        return {key: _plain(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_plain(child) for child in value]
    return value.isoformat() if isinstance(value, date) else value


def _short(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    place = f" (line {mark.line + 1})" if mark else ""
    return f"{getattr(error, 'problem', None) or error}{place}"
