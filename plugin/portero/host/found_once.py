"""An attribute that is found when it is first asked for: functools.cached_property without its lock (Python 3.11).

For values of one thread, such as the moment of one request; of two threads, each may find it.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

_T = TypeVar("_T")


class found_once(Generic[_T]):  # noqa: N801 - it stands where a decorator stands
    """Decorates a method without arguments: its value is kept in the instance. What it raises is not kept."""

    def __init__(self, find: Callable[[Any], _T]) -> None:
        self._find = find
        self._name = find.__name__
        self.__doc__ = find.__doc__

    def __get__(self, instance: Any, owner: type[Any]) -> _T:
        """Asked only while the instance has no attribute of this name."""
        value = instance.__dict__[self._name] = self._find(instance)
        return value
