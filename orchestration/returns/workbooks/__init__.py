"""Workbooks to text: XLSX and ODS by a streaming XML parser, XLS by calamine beside its BIFF records.

`process.py` runs all of it in processes of their own, within limits of memory and time; nothing else imports the rest.
"""
