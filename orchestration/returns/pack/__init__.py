"""The force's answer: what became of a submission, what to correct and where, as a page, a workbook and JSON.

`gathering` asks a built warehouse, or the small one of `cpai check`; `page` and `workbook` show what it found.
"""
