"""How something of ours is laid over the product, from outside. Fails when the product has no such place any more."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from chassis import main


def lay(owner: Any, name: str, replacement: Any) -> None:
    """Put `replacement` in the place of something of the product."""
    if not hasattr(owner, name):
        raise AttributeError(f"{owner} has no {name} any more: it has to be laid elsewhere")
    setattr(owner, name, replacement)


def beside(task: Callable[[Any], Coroutine[Any, Any, None]]) -> None:
    """Let a task run beside the worker; it is given the runtime."""
    start = main._start

    def started(application: Any, runtime: Any, *arguments: Any, **wishes: Any) -> Any:
        tasks: Any = start(application, runtime, *arguments, **wishes)
        tasks.beside = asyncio.ensure_future(task(runtime))
        return tasks

    lay(main, "_start", started)
