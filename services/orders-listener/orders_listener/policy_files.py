"""Policy files of the orders-listener: YAML in, a policy out, or everything that is wrong with the file.

Owns what is special in this file: lengths in working days, carriers and lanes. How such files are read is
`chassis.policy_files`; which names there are and what they may say is the shape in policy.py.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import yaml

from chassis.policy_files import PolicyRefused, Problem, Reading, content_of, fields_of
from orders_listener.policy import Limit, Limits, Override, Policy, Weekday, length_of

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


def read(path: Path, *, shop_zone: str = Policy().shop_zone) -> Policy:
    """The policy that a file describes; what it does not name is as in `Policy`. Raises `PolicyRefused`."""
    reading = _Reading(EXPECTED)
    values = reading.document(content_of(path))
    if reading.problems:
        raise PolicyRefused(path, reading.problems)
    try:
        return Policy(shop_zone=shop_zone, **values)
    except ValueError as error:
        raise PolicyRefused(path, [Problem(reading.line_of(str(error)), str(error))]) from error


class _Reading(Reading):
    """One file being read."""

    def document(self, content: bytes) -> dict[str, Any]:
        root = self.root(content)
        if root is None:
            return {}
        own = {"carriers", "lanes"}
        pairs = self.versioned(root, {*fields_of(Policy), *own} - NOT_OF_THE_FILE)
        values = self.values(Policy, {name: node for name, node in pairs.items() if name not in own})
        overrides = [*self._carriers(pairs.get("carriers")), *self._lanes(pairs.get("lanes"))]
        return values | {"overrides": tuple(overrides)}

    def scalar(self, text: str, kind: Any) -> Any:
        """As usual, and lengths may be counted in working days where the shape says so."""
        if kind == Limit:
            length_of(text)
            return text
        if kind is timedelta:
            length = length_of(text)
            if length.working_days:
                raise ValueError("this is counted day and night; write days or hours")
            return length.time
        return super().scalar(text, kind)

    def _carriers(self, node: yaml.Node | None) -> Iterator[Override]:
        if node is None:
            return
        if not isinstance(node, yaml.MappingNode):
            self.wrong(node, "here belong carriers by name, each with its limits")
            return
        for name, entries in self.pairs(node, None):
            yield self._override(entries, {}, carrier=name)

    def _lanes(self, node: yaml.Node | None) -> Iterator[Override]:
        if node is None:
            return
        if not isinstance(node, yaml.SequenceNode):
            self.wrong(node, "here belongs a list of lanes, each beginning with a dash")
            return
        for entries in node.value:
            override = self._override(entries, LANE_KEYS)
            if not self.problems and all(getattr(override, field) is None for field in LANE_KEYS.values()):
                self.wrong(entries, f"which lane? It needs one of these: {', '.join(LANE_KEYS)}")
            yield override

    def _override(self, node: yaml.Node, keys: dict[str, str], **values: Any) -> Override:
        limits, fields = fields_of(Limits), fields_of(Override)
        chosen: list[tuple[str, Limit]] = []
        for name, value in self.pairs(node, {*limits, *keys, "working_days"}):
            if name == "working_days":
                values[name] = self._weekdays(value)
            elif name in keys:
                values[keys[name]] = self.value(name, value, fields[keys[name]])
            else:
                chosen.append((name, self.value(name, value, limits[name])))
        return Override(limits=tuple(chosen), **values)

    def _weekdays(self, node: yaml.Node) -> frozenset[Weekday] | None:
        days = node.value if isinstance(node, yaml.SequenceNode) else []
        if not days:
            self.wrong(node, "working_days is a list of weekdays, for example [monday, tuesday]")
        for day in days:
            if day.value not in WEEKDAYS:
                said = repr(day.value) if isinstance(day, yaml.ScalarNode) else "a list"
                self.wrong(day, f"{said} is none of {', '.join(WEEKDAYS)}")
        return frozenset(day.value for day in days) if not self.problems else None
