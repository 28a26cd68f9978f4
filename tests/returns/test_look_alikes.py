"""Texts that look alike are one text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.returns.look_alikes import heading, plain


@pytest.mark.parametrize(
    "text",
    [
        "\uff14\uff16/\uff11\uff10\uff10\uff11/23",
        "46\uff0f1001\uff0f23",
        "46/1001/23\ufe0f",
        "46/1001\u200b/23",
        "\u202a46/1001/23\u202c",
        "\ufeff46/1001/23",
        "\u00a046/1001/23\u2007",
        "46\u20441001\u221523",
        "46/10\u2060\u00ad01/23",
        "46/1001/23\U000e0100",
        "\U0001d7dc\U0001d7de/1001/23",
    ],
)
def test_references_that_look_alike_are_one(text):
    assert plain(text) == "46/1001/23"


@pytest.mark.parametrize("hyphen", "-\u2010\u2011\u2012\u2013\u2014\u2212\uff0d\ufe63")
def test_every_hyphen_is_the_one_that_is_typed(hyphen):
    assert plain(f"CR{hyphen}1") == "CR-1"


def test_an_accent_of_its_own_is_part_of_its_letter():
    assert plain("Jose\u0301") == plain("Jos\u00e9") == plain("Jose\u200b\u0301") == "Jos\u00e9"


def test_a_heading_broken_into_lines_is_one_heading():
    assert heading(" Victim\u00a0\n Gender ") == "Victim Gender"


@given(st.text(st.characters(max_codepoint=126, min_codepoint=32)))
def test_what_can_be_typed_stays(text):
    assert plain(text) == text.strip()


@given(st.text())
def test_a_text_made_plain_stays_so(text):
    once = plain(text)
    assert plain(once) == once
    assert heading(heading(text)) == heading(text)
    assert not any(unicodedata.category(letter) == "Cf" and letter not in VISIBLE for letter in once)


# marks that some scripts write before a number: they are seen
VISIBLE = {chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Cf"} - {
    *map(chr, (0xAD, 0x61C, 0x180E, 0xFEFF, *range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE1000))),
    *map(chr, (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070))),
}
