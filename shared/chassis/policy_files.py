"""Policy files: YAML in, a service's policy out, or everything that is wrong with the file, each with its line.

Owns the form of such files and how they are read by shape. Which names there are and what they may say is the shape in
the service's own policy.py. Texts are taken as they stand, so that `NO` is Norway here and not a no.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import time, timedelta
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin

import msgspec
import yaml
from msgspec import Struct, structs

MOST_BYTES = 1_000_000
MINUTES_OF = {"minute": 1, "hour": 60, "day": 24 * 60}


class Problem(NamedTuple):
    """One thing that is wrong."""

    line: int
    reason: str


class PolicyRefused(Exception):
    """The file is no policy; `problems` are all that were found, by line."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self.path = path
        self.problems = sorted(problems)
        super().__init__("\n".join(f"{path}:{line}: {reason}" for line, reason in self.problems))


def content_of(path: Path) -> bytes:
    """The file's bytes, one more than `MOST_BYTES` at most. Raises `PolicyRefused`."""
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise PolicyRefused(path, [Problem(0, error.strerror or str(error))]) from error


class Reading:
    """One file being read; problems gather, so that all of them are said at once.

    `expected` has words, by name, for what a pattern says.
    """

    def __init__(self, expected: Mapping[str, str]) -> None:
        self.problems: list[Problem] = []
        self._expected = expected
        self._lines: dict[str, int] = {}

    def line_of(self, reason: str) -> int:
        """The last line of those names at the top of the file that a reason speaks of."""
        return max((line for name, line in self._lines.items() if name in reason.split()), default=1)

    def root(self, content: bytes) -> yaml.Node | None:
        """The document; None where there is none, which is a problem."""
        if len(content) > MOST_BYTES:
            self.problems.append(Problem(1, f"more than {MOST_BYTES} bytes"))
            return None
        try:
            root: yaml.Node | None = yaml.compose(content, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            self.problems.append(Problem(line, f"this is not YAML: {error.problem}"))
            return None
        except yaml.YAMLError as error:
            self.problems.append(Problem(1, f"this is not YAML: {error}"))
            return None
        if root is None:
            self.problems.append(Problem(1, "the file is empty"))
        return root

    def versioned(self, root: yaml.Node, known: set[str]) -> dict[str, yaml.Node]:
        """The entries of the document by name; one without a version has a problem."""
        pairs = dict(self.pairs(root, known))
        self._lines = {name: node.start_mark.line + 1 for name, node in pairs.items()}
        if "version" not in pairs:
            self.wrong(root, "there is no version, which every decision would name")
        return pairs

    def pairs(self, node: yaml.Node, known: set[str] | None) -> Iterator[tuple[str, yaml.Node]]:
        """The entries of a mapping; unknown keys and repeated ones are problems. None: every key is known."""
        if not isinstance(node, yaml.MappingNode):
            names = f"keys and values, of these: {', '.join(sorted(known))}" if known else "keys and values"
            self.wrong(node, f"here belong {names}")
            return
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.wrong(key, "a key is one word, not several")
            elif key.value in seen:
                self.wrong(key, f"{key.value} stands here a second time")
            elif known is not None and key.value not in known:
                self.wrong(key, _unknown(key.value, known))
            else:
                seen.add(key.value)
                yield key.value, value

    def values(
        self, kind: type[Struct], pairs: Mapping[str, yaml.Node], default: Struct | None = None
    ) -> dict[str, Any]:
        """What the entries say, by the fields of `kind`; structs among them are laid over those of the default."""
        fields = {field.name: field for field in structs.fields(kind)}
        read = {}
        for name, node in pairs.items():
            usual = getattr(default, name) if default is not None else fields[name].default
            read[name] = self.value(name, node, fields[name].type, usual)
        return {name: value for name, value in read.items() if value is not None}

    def value(self, name: str, node: yaml.Node, kind: Any, default: Any = None) -> Any:
        """What a node says as `kind`: a struct, a tuple, a dict or one value; None where that is a problem."""
        kind = _certain(kind)
        if isinstance(kind, type) and issubclass(kind, Struct):
            return self._struct(node, kind, default if isinstance(default, kind) else None)
        if get_origin(kind) is dict:
            return self._mapping(node, *get_args(kind))
        several = get_origin(kind) is tuple
        if isinstance(node, yaml.SequenceNode) is not several or isinstance(node, yaml.MappingNode):
            self.wrong(node, f"{name} is {'a list' if several else 'one value, not several'}")
            return None
        try:
            if several:
                return msgspec.convert([each.value for each in node.value], kind, strict=False)
            return self.scalar(node.value, kind)
        except msgspec.ValidationError as error:
            self.wrong(node, f"{name}: {self._expected.get(name, str(error))}")
        except ValueError as error:
            self.wrong(node, f"{name}: {error}")
        return None

    def scalar(self, text: str, kind: Any) -> Any:
        """The value of a text. Raises ValueError, msgspec's ValidationError among them."""
        if kind is timedelta:
            return duration_of(text)
        if kind is time:
            return clock_of(text)
        return msgspec.convert(text, kind, strict=False)

    def wrong(self, node: yaml.Node, reason: str) -> None:
        """Remember a problem."""
        self.problems.append(Problem(node.start_mark.line + 1, reason))

    def _struct(self, node: yaml.Node, kind: type[Struct], default: Struct | None) -> Struct | None:
        before = len(self.problems)
        values = self.values(kind, dict(self.pairs(node, set(fields_of(kind)))), default)
        if len(self.problems) > before:
            return None
        try:
            return structs.replace(default, **values) if default is not None else kind(**values)
        except ValueError as error:
            self.wrong(node, str(error))
            return None

    def _mapping(self, node: yaml.Node, key_kind: Any, kind: Any) -> dict[str, Any]:
        read = {}
        for name, value in self.pairs(node, None):
            try:
                msgspec.convert(name, key_kind)
            except msgspec.ValidationError as error:
                self.wrong(value, f"{name}: {self._expected.get('key', str(error))}")
            else:
                read[name] = self.value(name, value, kind)
        return {name: value for name, value in read.items() if value is not None}


def fields_of(kind: type[Struct]) -> dict[str, Any]:
    """The types of a shape's fields by name."""
    return {field.name: field.type for field in structs.fields(kind)}


def duration_of(text: str) -> timedelta:
    """`40 minutes`, `72 hours`, `10 days`. Raises ValueError for what is no length of time."""
    found = re.fullmatch(r"([0-9]{1,4}) (minute|hour|day)s?", text)
    if found is None:
        raise ValueError(f"{text!r} is no length of time; write for example: 3 days, 72 hours, 40 minutes")
    return timedelta(minutes=int(found[1]) * MINUTES_OF[found[2]])


def clock_of(text: str) -> time:
    """`21:00`. Raises ValueError for what no clock shows."""
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text):
        raise ValueError(f"{text!r} is no time of day; write for example: 21:00")
    return time.fromisoformat(text)


def _certain(kind: Any) -> Any:
    """The kind of what may be missing: `X | None` as X."""
    if get_origin(kind) in (Union, UnionType):
        certain = [one for one in get_args(kind) if one is not type(None)]
        return certain[0] if len(certain) == 1 else kind
    return kind


def _unknown(key: str, known: set[str]) -> str:
    close = get_close_matches(key, known, n=1)
    there_are = f"is {close[0]!r} meant?" if close else f"there are: {', '.join(sorted(known))}"
    return f"there is no {key!r}; {there_are}"
