"""Erasure by law: of a person, a crime, a submission or bytes, from every place of a home; what stays is a tombstone.

`target` has what is to go, `erasing` the order in which it goes, and one module each place: `answers` the ledger, `published`
releases, `elsewhere` what no step of ours reads again. Raw, archive and landing are in `orchestration/returns/erased.py`.
"""
