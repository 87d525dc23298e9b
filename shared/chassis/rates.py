"""How often somebody may come: a steady rate, and some seconds of it at once.

In the memory of one process: with several, everybody may come so often to each. Nothing here knows who anybody is.
"""

import time

BURST_S = 5.0
"""So many seconds of the rate may come at once."""
MOST_REMEMBERED = 10_000


class Rates:
    """The generic cell rate algorithm (ITU-T I.371): a bucket that needs one number for each client.

    It is the moment at which everything that was taken would have been taken at the steady rate.
    """

    def __init__(self, per_s: float) -> None:
        """`per_s` is positive."""
        self._pause_s = 1 / per_s
        self._burst_s = max(BURST_S, self._pause_s) - self._pause_s
        self._even_at_s: dict[str, float] = {}

    def wait_s(self, who: str, now_s: float | None = None, *, counts: bool = True) -> float:
        """0 for somebody who may come, and it is counted if it `counts`; else so long to wait, and it is not."""
        now_s = time.monotonic() if now_s is None else now_s
        even_at_s = max(now_s, self._even_at_s.get(who, now_s))
        if even_at_s - now_s > self._burst_s:
            return even_at_s - now_s - self._burst_s
        if counts:
            if len(self._even_at_s) >= MOST_REMEMBERED and who not in self._even_at_s:
                self._forget(now_s)
            self._even_at_s[who] = even_at_s + self._pause_s
        return 0.0

    def _forget(self, now_s: float) -> None:
        """Those who are even anyway; if nobody is, those who came first."""
        self._even_at_s = {who: at_s for who, at_s in self._even_at_s.items() if at_s > now_s}
        while len(self._even_at_s) >= MOST_REMEMBERED:
            del self._even_at_s[next(iter(self._even_at_s))]
