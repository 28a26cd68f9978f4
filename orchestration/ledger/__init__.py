"""The ledger: receipts, readings and releases, for ever. SQLite, or PostgreSQL by CPAI_LEDGER_URL.

Nothing heavy is imported here: `cpai status` reads the ledger and has to answer within a second.
"""
