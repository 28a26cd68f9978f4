"""Dates as layouts have them: exactly, with what may stand behind them, in British days."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.returns.days import is_written_otherwise, iso

LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("text", "date_format", "day"),
    [
        ("2024-03-31", "%Y-%m-%d", "2024-03-31"),
        # a time of day is dropped, however it is written
        ("2024-03-31 23:30", "%Y-%m-%d", "2024-03-31"),
        ("2024-03-31T23:30:00", "%Y-%m-%d", "2024-03-31"),
        ("2024-03-31T23:30:00.1234567", "%Y-%m-%d", "2024-03-31"),
        ("2024-03-31 23:30:00,5", "%Y-%m-%d", "2024-03-31"),
        ("31/03/2024 11:30 PM", "%d/%m/%Y", "2024-03-31"),
        ("31/03/2024, 9:15:00am", "%d/%m/%Y", "2024-03-31"),
        ("31-Mar-2024 24:00", "%d-%b-%Y", "2024-03-31"),
        ("20240331T2330", "%Y%m%d", "2024-03-31"),
        ("20240331233000", "%Y%m%d%H%M%S", "2024-03-31"),
        ("23:30 31/03/2024", "%H:%M %d/%m/%Y", "2024-03-31"),
        ("31 March 2024", "%d %b %Y", "2024-03-31"),
        ("05-Sept-2024", "%d-%b-%Y", "2024-09-05"),
        # a zone is not: this is 1 April in Britain, of another quarter
        ("2024-03-31T23:30Z", "%Y-%m-%d", "2024-04-01"),
        ("2024-03-31T23:30:00.000Z", "%Y-%m-%dT%H:%M:%SZ", "2024-04-01"),
        ("2024-03-31T23:30:00+00:00", "%Y-%m-%dT%H:%M:%S%z", "2024-04-01"),
        ("2024-03-31T23:30:00+0100", "%Y-%m-%d", "2024-03-31"),
        ("2024-03-31 23:30 GMT", "%Y-%m-%d", "2024-04-01"),
        ("2024-03-31 23:30 BST", "%Y-%m-%d", "2024-03-31"),
        ("2024-04-01T01:00:00+02:00", "%Y-%m-%d", "2024-04-01"),
        ("2024-04-01T00:30:00+02:00", "%Y-%m-%d", "2024-03-31"),
        ("2024-01-31T23:30Z", "%Y-%m-%d", "2024-01-31"),
        ("31/03/2024 23:30:00Z", "%d/%m/%Y", "2024-04-01"),
        # a day with a zone and no time is that day
        ("2024-03-31Z", "%Y-%m-%d", "2024-03-31"),
        ("2024-03-31+01:00", "%Y-%m-%d", "2024-03-31"),
        # ISO is read under every format: it cannot be read in two ways
        ("2024-03-31T00:00:00", "%d/%m/%Y", "2024-03-31"),
    ],
)
def test_what_is_a_day(text, date_format, day):
    assert iso(text, date_format) == day


@pytest.mark.parametrize(
    "text",
    [
        *("3/2/2023", "31/02/2023", "03/02/23", "03/02/2023 25:00", "03/02/2023 12:60", "03/02/2023 24:01"),
        *("03/02/2023 13:00 pm", "03/02/2023 0:30 am", "03/02/2023 12:00+15:00", "03/02/2023 12:00+01:75"),
        *(
            "03/02/2023 noon",
            "x03/02/2023",
            "03/02/2023 12:00 CET",
            "03/02/2023 12",
            "03/Foo/2023",
            "2023",
            "",
        ),
        "9999-12-31T23:59:00-14:00",
    ],
)
def test_what_is_none_stays_as_it_came(text):
    assert iso(text, "%d/%m/%Y") == text


MOMENTS = st.datetimes(datetime(1900, 1, 2), datetime(2099, 12, 30))
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(MOMENTS, OFFSETS, st.sampled_from(["seconds", "milliseconds", "microseconds", "minutes"]))
def test_a_moment_is_the_day_it_was_in_britain(moment, offset, precision):
    there = moment.replace(tzinfo=offset)
    text = there.isoformat(timespec=precision)
    expected = datetime.fromisoformat(text).astimezone(LONDON).date()
    assert iso(text, "%Y-%m-%d") == iso(text.replace("T", " "), "%d/%m/%Y") == expected.isoformat()
    zulu = there.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")
    assert iso(zulu, "%d-%b-%Y") == expected.isoformat()


@given(MOMENTS, st.sampled_from(["%d/%m/%Y", "%Y-%m-%d", "%d-%b-%Y", "%Y%m%d", "%b %d %Y"]), st.booleans())
def test_a_day_is_read_in_its_own_format_with_and_without_a_time(moment, date_format, with_time):
    text = moment.strftime(date_format) + (moment.strftime(" %H:%M:%S.%f") if with_time else "")
    assert iso(text, date_format) == moment.date().isoformat()


@given(st.text(max_size=30), st.sampled_from(["%d/%m/%Y", "%Y%m%d%H%M%S", "%Y-%m-%dT%H:%M:%S%z"]))
def test_any_text_is_a_day_or_what_it_was(text, date_format):
    found = iso(text, date_format)
    assert found == text or date.fromisoformat(found)
    is_written_otherwise(found)


@pytest.mark.parametrize(
    ("text", "otherwise"),
    [
        *(
            (text, True)
            for text in ("03/02/2023", "3.2.23", "44960", "20230203", "3 February 2023", "Feb 3, 2023")
        ),
        *((text, True) for text in ("03-Feb-2023 10:00", "2023-02-31", "03/02/2023 25:99")),
        *(
            (text, False)
            for text in ("2023-02-03", "2011", "May 2011", "unknown", "", "UNKNOWN 2023", "05/2011")
        ),
    ],
)
def test_what_is_a_date_written_otherwise(text, otherwise):
    assert is_written_otherwise(text) == otherwise
