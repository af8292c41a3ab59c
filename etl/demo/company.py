"""The demo company in a few constants: two shops, one CRM, one history and a week of days."""

from __future__ import annotations

from datetime import date, timedelta

GROCER = "complete_journey"
MUSIC = "cdnow"
CRM = "generated_crm"
ONLINE = "generated_shop"

# Business day of the company. The grocer's instants are UTC without saying so.
BUSINESS_ZONE = "America/New_York"
# 1,017 weeks: the music shop's dates of 1997 and 1998 end in December 2017, weekdays unchanged.
# The files keep the dates as they were; the mapping shifts them by the same number.
MUSIC_SHIFT_DAYS = 7119

HISTORY_ENDS_ON = date(2017, 12, 24)
LAST_DAY = date(2017, 12, 31)
DAYS = tuple(
    HISTORY_ENDS_ON + timedelta(days=n) for n in range(1, (LAST_DAY - HISTORY_ENDS_ON).days + 1)
)
