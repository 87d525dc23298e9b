"""Policy files: YAML in, a policy out, or everything that is wrong with the file, each with its line.

Owns the form of the file; which names there are and what they may say is the shape in policy.py. Texts are taken as
they stand, so that `NO` is Norway here and not a no.
"""

from collections.abc import Iterator
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_origin

import msgspec
import yaml
from msgspec import Struct, structs

from orders_listener.policy import Limit, Limits, Override, Policy, Weekday, length_of

MOST_BYTES = 1_000_000
WEEKDAYS = get_args(Weekday)
NOT_OF_THE_FILE = {"shop_zone", "overrides"}
LANE_KEYS = {"carrier": "carrier", "from": "origin", "to": "country", "region": "region"}
"""The file's words for the fields of `Override`."""
A_COUNTRY = "a country is two capital letters, for example DE"
EXPECTED = {
    "version": "a version is up to 32 characters without spaces, for example 2026-11",
    "ships_from": A_COUNTRY,
    "from": A_COUNTRY,
    "to": A_COUNTRY,
}
"""Words for what a pattern says."""


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


def read(path: Path, *, shop_zone: str = Policy().shop_zone) -> Policy:
    """The policy that a file describes; what it does not name is as in `Policy`. Raises `PolicyRefused`."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise PolicyRefused(path, [Problem(0, error.strerror or str(error))]) from error
    reading = _Reading()
    values = reading.document(content)
    if reading.problems:
        raise PolicyRefused(path, reading.problems)
    try:
        return Policy(shop_zone=shop_zone, **values)
    except ValueError as error:
        raise PolicyRefused(path, [Problem(reading.line_of(str(error)), str(error))]) from error


class _Reading:
    """One file being read; problems gather, so that all of them are said at once."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._lines: dict[str, int] = {}

    def line_of(self, reason: str) -> int:
        """The last line of those names at the top of the file that a reason speaks of."""
        return max((line for name, line in self._lines.items() if name in reason.split()), default=1)

    def document(self, content: bytes) -> dict[str, Any]:
        root = self._composed(content)
        if root is None:
            return {}
        own = {"carriers", "lanes"}
        pairs = dict(self._pairs(root, {*_fields(Policy), *own} - NOT_OF_THE_FILE))
        self._lines = {name: node.start_mark.line + 1 for name, node in pairs.items()}
        values = self._values(Policy, {name: node for name, node in pairs.items() if name not in own})
        if "version" not in pairs:
            self._wrong(root, "there is no version, which every decision would name")
        overrides = [*self._carriers(pairs.get("carriers")), *self._lanes(pairs.get("lanes"))]
        return values | {"overrides": tuple(overrides)}

    def _composed(self, content: bytes) -> yaml.Node | None:
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

    def _pairs(self, node: yaml.Node, known: set[str]) -> Iterator[tuple[str, yaml.Node]]:
        """The entries of a mapping; unknown keys and repeated ones are problems."""
        if not isinstance(node, yaml.MappingNode):
            self._wrong(node, f"here belong keys and values, of these: {', '.join(sorted(known))}")
            return
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._wrong(key, "a key is one word, not several")
            elif key.value in seen:
                self._wrong(key, f"{key.value} stands here a second time")
            elif key.value not in known:
                self._wrong(key, _unknown(key.value, known))
            else:
                seen.add(key.value)
                yield key.value, value

    def _values(self, kind: type[Struct], pairs: dict[str, yaml.Node]) -> dict[str, Any]:
        fields = _fields(kind)
        read = {name: self._value(name, node, fields[name]) for name, node in pairs.items()}
        return {name: value for name, value in read.items() if value is not None}

    def _value(self, name: str, node: yaml.Node, kind: Any) -> Any:
        if isinstance(kind, type) and issubclass(kind, Struct):
            values = self._values(kind, dict(self._pairs(node, set(_fields(kind)))))
            return None if self.problems else kind(**values)
        several = get_origin(kind) is tuple
        if isinstance(node, yaml.SequenceNode) is not several or isinstance(node, yaml.MappingNode):
            self._wrong(node, f"{name} is {'a list' if several else 'one value, not several'}")
            return None
        try:
            if several:
                return msgspec.convert([each.value for each in node.value], kind, strict=False)
            return _scalar(node.value, kind)
        except msgspec.ValidationError as error:
            self._wrong(node, f"{name}: {EXPECTED.get(name, str(error))}")
        except ValueError as error:
            self._wrong(node, f"{name}: {error}")
        return None

    def _carriers(self, node: yaml.Node | None) -> Iterator[Override]:
        if node is None:
            return
        if not isinstance(node, yaml.MappingNode):
            self._wrong(node, "here belong carriers by name, each with its limits")
            return
        for name, entries in self._pairs(
            node, {key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)}
        ):
            yield self._override(entries, {}, carrier=name)

    def _lanes(self, node: yaml.Node | None) -> Iterator[Override]:
        if node is None:
            return
        if not isinstance(node, yaml.SequenceNode):
            self._wrong(node, "here belongs a list of lanes, each beginning with a dash")
            return
        for entries in node.value:
            override = self._override(entries, LANE_KEYS)
            if not self.problems and all(getattr(override, field) is None for field in LANE_KEYS.values()):
                self._wrong(entries, f"which lane? It needs one of these: {', '.join(LANE_KEYS)}")
            yield override

    def _override(self, node: yaml.Node, keys: dict[str, str], **values: Any) -> Override:
        limits, fields = _fields(Limits), _fields(Override)
        chosen: list[tuple[str, Limit]] = []
        for name, value in self._pairs(node, {*limits, *keys, "working_days"}):
            if name == "working_days":
                values[name] = self._weekdays(value)
            elif name in keys:
                values[keys[name]] = self._value(name, value, fields[keys[name]])
            else:
                chosen.append((name, self._value(name, value, limits[name])))
        return Override(limits=tuple(chosen), **values)

    def _weekdays(self, node: yaml.Node) -> frozenset[Weekday] | None:
        days = node.value if isinstance(node, yaml.SequenceNode) else []
        if not days:
            self._wrong(node, "working_days is a list of weekdays, for example [monday, tuesday]")
        for day in days:
            if day.value not in WEEKDAYS:
                said = repr(day.value) if isinstance(day, yaml.ScalarNode) else "a list"
                self._wrong(day, f"{said} is none of {', '.join(WEEKDAYS)}")
        return frozenset(day.value for day in days) if not self.problems else None

    def _wrong(self, node: yaml.Node, reason: str) -> None:
        self.problems.append(Problem(node.start_mark.line + 1, reason))


def _fields(kind: type[Struct]) -> dict[str, Any]:
    return {field.name: field.type for field in structs.fields(kind)}


def _scalar(text: str, kind: Any) -> Any:
    """The value of a text. Raises ValueError, msgspec's ValidationError among them."""
    if kind == Limit:
        length_of(text)
        return text
    if kind is timedelta:
        length = length_of(text)
        if length.working_days:
            raise ValueError("this is counted day and night; write days or hours")
        return length.time
    return msgspec.convert(text, kind, strict=False)


def _unknown(key: str, known: set[str]) -> str:
    close = get_close_matches(key, known, n=1)
    there_are = f"is {close[0]!r} meant?" if close else f"there are: {', '.join(sorted(known))}"
    return f"there is no {key!r}; {there_are}"
