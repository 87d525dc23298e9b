"""Policy files of the notifier: YAML in, a policy out, or everything that is wrong with the file.

How such files are read is `chassis.policy_files`; which names there are and what they may say is the shape in
policy.py.
"""

from pathlib import Path
from typing import Any, get_args

from chassis.policy_files import PolicyRefused, Problem, Reading, content_of, fields_of
from notifier.kinds import Concern
from notifier.policy import Day, Policy, Reach

NOT_OF_THE_FILE = {"shop_zone", "tongues", "reachable"}
A_COUNTRY = "a country is two capital letters, for example DE"
A_NUMBER = "a number from 1 to 1000"
SOME_CHANNELS = f"channels in the order in which they are tried, some of {', '.join(get_args(Reach))}"
EXPECTED = {
    "version": "a version is up to 32 characters without spaces, for example 2026-11",
    "country": A_COUNTRY,
    "key": A_COUNTRY,
    "day": A_NUMBER,
    "week": A_NUMBER,
    "day_kept_for_issues": A_NUMBER,
    "week_kept_for_issues": A_NUMBER,
    "most": A_NUMBER,
    "soft": A_NUMBER,
    "birthday": "true or false",
    "anniversary": "true or false",
    "leap_day": "february_28 or march_1",
    "closed": f"days are {', '.join(get_args(Day))}",
    **dict.fromkeys(map(str, Concern), SOME_CHANNELS),
}
"""Words for what a pattern says."""


def read(path: Path, **own: Any) -> Policy:
    """The policy that a file describes; what it does not name is as in `Policy`. Raises `PolicyRefused`.

    `own` are values that are not of the file: shop_zone, reachable.
    """
    reading = Reading(EXPECTED)
    root = reading.root(content_of(path))
    values: dict[str, Any] = {}
    if root is not None:
        values = reading.values(Policy, reading.versioned(root, set(fields_of(Policy)) - NOT_OF_THE_FILE))
    if reading.problems:
        raise PolicyRefused(path, reading.problems)
    try:
        return Policy(**own, **values)
    except ValueError as error:
        raise PolicyRefused(path, [Problem(reading.line_of(str(error)), str(error))]) from error
