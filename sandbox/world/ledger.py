"""An account's running totals day by day, and the daily series drawn from them.

The series is provisional: of a recent day's gain the provider knows only a part. Each account
has a restatement window, in days. A point changes daily until it is that old, then never again.
"""

from array import array
from math import floor
from typing import Final

from sandbox.world.accounts import Account
from sandbox.world.chance import DAY, dice, digest

METRICS: Final = ("views", "likes", "comments", "shares", "followers")

# The part of a day's gain that is known on the same day, one, two and three days later, when the
# window is three days. Other windows stretch or compress this curve.
_KNOWN: Final = (0.60, 0.85, 0.95, 1.0)
_PACE: Final = {
    "giant": 40_000,
    "busy": 9_000,
    "hourly": 12_000,
    "steady": 3_000,
    "public": 2_000,
    "switched": 4_000,
    "quiet": 6,
    "banned": 1_500,
    "empty": 500,
}
_PER_VIEW: Final = {"views": 1.0, "likes": 0.06, "comments": 0.002, "shares": 0.004}


def known_parts(window: int) -> tuple[float, ...]:
    """The part of a day's gain that is known on that day and on each following day of the window.

    All of it is known when the day is `window` days old.
    """
    if not window:
        return ()
    return tuple(_known_part(age * (len(_KNOWN) - 1) / window) for age in range(window))


def _known_part(position: float) -> float:
    """The curve of `_KNOWN`, linear between its points."""
    at = floor(position)
    return _KNOWN[at] + (_KNOWN[at + 1] - _KNOWN[at]) * (position - at)


class Ledger:
    """Totals of one account at the end of each day, computed as far as asked.

    `window` is the number of days for which the provider restates a point of the daily series.
    """

    def __init__(self, seed: int, account: Account, window: int) -> None:
        self._seed, self._account = seed, account
        self._known = known_parts(window)
        self.first_day = account.data_start // DAY
        draw = dice(seed, account.id, "ledger")
        views = int(_PACE[account.kind] * draw.uniform(1, 40))
        self._pace = _PACE[account.kind] * draw.uniform(0.5, 1.5)
        self._base = {name: int(views * rate) for name, rate in _PER_VIEW.items()}
        self._base["followers"] = int(views * draw.uniform(0.01, 0.2)) + 3
        # One row of five numbers per day, in the order of METRICS; ten thousand accounts fit.
        self._gains = array("q")
        self._ends = array("q")

    def totals_at(self, t: int) -> dict[str, int]:
        """Totals at a moment: the day before, and this day's gain so far."""
        day, seconds = divmod(t, DAY)
        gains, before = self._gain(day), self._end(day - 1)
        return {name: before[name] + floor(gains[name] * seconds / DAY) for name in METRICS}

    def point(self, day: int, today: int) -> dict[str, int]:
        """Totals of a day as they are known today."""
        known = dict(self._end(day))
        for age, part in enumerate(self._known):
            gained_on = today - age
            if self.first_day <= gained_on <= day:
                gains = self._gain(gained_on)
                for name in METRICS:
                    known[name] -= gains[name] - floor(gains[name] * part)
        return known

    def _end(self, day: int) -> dict[str, int]:
        return self._row(self._ends, day) if day >= self.first_day else self._base

    def _gain(self, day: int) -> dict[str, int]:
        return self._row(self._gains, day) if day >= self.first_day else dict.fromkeys(METRICS, 0)

    def _row(self, rows: "array[int]", day: int) -> dict[str, int]:
        self._extend(day)
        at = (day - self.first_day) * len(METRICS)
        return dict(zip(METRICS, rows[at : at + len(METRICS)], strict=True))

    def _extend(self, day: int) -> None:
        width = len(METRICS)
        while self.first_day + len(self._ends) // width <= day:
            gains = self._draw_gain(self.first_day + len(self._ends) // width)
            before = self._ends[-width:] or [self._base[name] for name in METRICS]
            self._gains.extend(gains[name] for name in METRICS)
            self._ends.extend(old + gains[name] for name, old in zip(METRICS, before, strict=True))

    def _draw_gain(self, day: int) -> dict[str, int]:
        """One day's gain. Followers can leave; nothing else falls by itself."""
        luck = digest(self._seed, self._account.id, "day", day, size=2)
        views = int(self._pace * (0.4 + luck[0] / 128))
        gains = {name: int(views * rate) for name, rate in _PER_VIEW.items()}
        gains["followers"] = int(self._pace * 0.01 * (luck[1] / 255 - 0.2))
        return gains
