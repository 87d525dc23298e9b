"""An answer that is worked out when it is asked for first, and then simply there.

As `functools.cached_property`, without its lock (gone from Python 3.12 on): a picture is one fold's own and asks itself
some thirty such questions for every event.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """Decorates a method without arguments of a class whose instances have a `__dict__`."""

    def __init__(self, work_out: Callable[[Any], T]) -> None:
        self._work_out = work_out
        self._name = work_out.__name__
        self.__doc__ = work_out.__doc__

    def __get__(self, instance: Any, owner: type) -> T:
        """Asked only the first time: afterwards the instance has an attribute of this name."""
        answer: T = self._work_out(instance)
        instance.__dict__[self._name] = answer
        return answer
