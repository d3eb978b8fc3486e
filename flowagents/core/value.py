"""The one way values are made: slotted dataclasses compared by content.

They are frozen for the type checker and, under test, at run time; otherwise an assignment is not checked, because
creating a frozen dataclass costs several times as much and the scheduler creates a few of them in every turn.
"""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, TypeVar

T = TypeVar("T")
FROZEN = os.environ.get("FLOWAGENTS_FROZEN", "") == "1"
"""True under test: values then refuse assignment at run time too."""

if TYPE_CHECKING:
    from typing import dataclass_transform

    @dataclass_transform(frozen_default=True)
    def value(cls: type[T]) -> type[T]:
        """Tell the type checker that values are frozen."""
        ...

else:

    def value(cls: type[T]) -> type[T]:
        """Make ``cls`` a slotted dataclass that is compared and hashed by its content.

        >>> @value
        ... class Point:
        ...     x: int
        ...     y: int = 0
        >>> Point(1) == Point(1, 0)
        True
        """
        return dataclasses.dataclass(slots=True, frozen=FROZEN, unsafe_hash=not FROZEN)(cls)
