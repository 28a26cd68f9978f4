"""What a file may be before anything parses it, and what we may send back."""

from __future__ import annotations

# A spreadsheet takes a cell that begins so for a formula, whatever program wrote it (OWASP, CSV injection);
# the last four are the full-width forms, which East Asian editions take as well.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def escape_formula(cell: object) -> object:
    """A cell as it may go into a CSV or workbook that we send: text that a spreadsheet would calculate gets an
    apostrophe in front; numbers, dates and None stay as they are."""
    if isinstance(cell, str) and cell.lstrip(" \u00a0\u200b\ufeff").startswith(FORMULA_STARTS):
        return f"'{cell}"
    return cell
