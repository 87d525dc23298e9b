"""Python's garbage collector, told what a worker is like: much that stays for ever, and batches that come and go."""

import gc

YOUNG_OBJECTS = 50_000
"""So many new objects before the youngest are looked through: a few batches."""


def settle() -> None:
    """What lives now, at the end of the start, is never looked through again; what comes is less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 20)
