"""Sentences of a catalogue become something that can be said: checked once at start, then filled in again and again.

Owns the small language of sentences: names, choices and filters, nothing that could reach further, on top of Jinja's
sandbox. What is filled in are other people's texts (foreign.py): they never run. A sentence is plain text; whoever
puts it into HTML escapes it there.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from notifier.material import CODES
from notifier.spoken import FILTERS, plural_forms

Saying = Callable[[Mapping[str, Any]], str]
"""A sentence that can be filled in. Raises `jinja2.TemplateError` where that fails."""
_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If, nodes.CondExpr, nodes.Filter,
    nodes.Keyword, nodes.Getattr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not,
)  # fmt: skip
"""What a sentence may be made of. No loops, no calls, no arithmetic: nothing that could cost time or memory."""
READER = "the reader"
"""The name of the `Reader` among the values; none that a sentence could name."""


class BadSentence(ValueError):
    """Why a sentence cannot be used, in words for whoever wrote it."""


def environment() -> ImmutableSandboxedEnvironment:
    """Where sentences are read."""
    made = ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined, autoescape=False, auto_reload=False)
    made.filters = {name: _with_reader(spoken) for name, spoken in FILTERS.items()}
    made.tests = {}
    made.globals = {}
    return made


def _with_reader(spoken: Callable[..., str]) -> Callable[..., str]:
    @jinja2.pass_context
    def filled(context: Context, *values: Any, **options: Any) -> str:
        return spoken(context[READER], *values, **options)

    return filled


_ENVIRONMENT = environment()


def saying(text: str, names: Iterable[str], locale: str) -> Saying:
    """The sentence, checked: `BadSentence` when it names what is not there or does what sentences may not."""
    try:
        tree = _ENVIRONMENT.parse(text)
    except jinja2.TemplateSyntaxError as error:
        raise BadSentence(error.message or "cannot be read") from error
    _check(tree, frozenset(names), locale)
    return _made(text)


@lru_cache(maxsize=10_000)
def _made(text: str) -> Saying:
    if "{{" not in text and "{%" not in text:
        plain = _ENVIRONMENT.from_string(text).render()
        return lambda _: plain
    render = _ENVIRONMENT.from_string(text).render
    return lambda values: render(values)


def _check(tree: nodes.Template, names: frozenset[str], locale: str) -> None:
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _ALLOWED):
            raise BadSentence(f"line {node.lineno}: {type(node).__name__} cannot be used in a sentence")
        match node:
            case nodes.Name(name=name) if name not in names:
                raise BadSentence(f"uses “{name}”, which this kind of message does not have; it has {_listed(names)}")
            case nodes.Getattr(attr=attribute) if attribute.startswith("_"):
                raise BadSentence(f"“.{attribute}” cannot be used in a sentence")
            case nodes.Filter():
                _check_filter(node, locale)


def _check_filter(node: nodes.Filter, locale: str) -> None:
    if node.name not in FILTERS:
        raise BadSentence(f"there is no filter “{node.name}”; there are {_listed(FILTERS)}")
    given = {keyword.key for keyword in node.kwargs}
    wanted = {"plural": plural_forms(locale), "listed": CODES}.get(node.name, frozenset())
    if lacking := wanted - given:
        raise BadSentence(f"“{node.name}” lacks words for {_listed(lacking)}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
