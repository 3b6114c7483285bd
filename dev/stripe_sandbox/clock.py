"""The sandbox's own clock, which tests may put forward."""

import time
from datetime import datetime, timedelta, timezone

DAY = 86400


class Clock:
    """Real time, plus the seconds that the sandbox is ahead of the machine."""

    def __init__(self):
        self.offset = 0

    def now(self):
        """Return the sandbox's time in whole seconds since the epoch (UTC)."""
        return int(time.time()) + self.offset

    def move_to(self, moment):
        """Put the clock forward to a moment; it never goes back."""
        self.offset = max(self.offset, moment - int(time.time()))


def add_business_days(moment, days):
    """Return the moment some bank working days later, at the same time of day.

    Saturdays and Sundays do not count; bank holidays are not known here.

    :param int moment: seconds since the epoch.
    :param int days: number of working days, 0 or more.
    """
    day = datetime.fromtimestamp(moment, timezone.utc)
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return int(day.timestamp())
