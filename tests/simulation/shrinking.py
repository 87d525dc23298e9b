"""A script that fails, without the steps that its failure does not need."""

from collections.abc import Callable

from tests.simulation.steps import Script

LONGEST_TRIES = 400


def shrunk(script: Script, fails: Callable[[Script], bool]) -> Script:
    """Leave out ever smaller pieces, from the end, as long as it still fails."""
    size, tries = len(script.steps) // 2, 0
    while size and tries < LONGEST_TRIES:
        start = len(script.steps) - size
        while start > -size and tries < LONGEST_TRIES:
            first = max(start, 0)
            shorter = Script(script.clock, script.steps[:first] + script.steps[start + size :])
            tries += 1
            if fails(shorter):
                script = shorter
            start -= size
        size //= 2
    return script
