"""The ledger: receipts, readings and releases, for ever. SQLite, or PostgreSQL by CPAI_LEDGER_URL.

Nothing heavy is imported here: `cpai status` reads the ledger and has to answer within a second.
"""

from orchestration.ledger.chain import add_readings, read_readings
from orchestration.ledger.opening import LedgerNewer, open_ledger
from orchestration.ledger.receipts import (
    read_explanations,
    read_raw_files,
    read_submission_files,
    read_submissions,
    received_as,
    record_folder,
    record_raw_files,
    record_submission,
)
from orchestration.ledger.tables import (
    HEAD,
    case_views,
    explanations,
    gold_slots,
    items,
    metadata,
    pauses,
    raw_files,
    reading_events,
    reading_slots,
    readings,
    releases,
    sign_ins,
    submission_files,
    submission_folders,
    submissions,
    users,
    worklist,
    worklist_quarters,
)
from orchestration.ledger.transactions import execute_many, insert_many, now, writing

__all__ = [
    "HEAD",
    "LedgerNewer",
    "add_readings",
    "case_views",
    "execute_many",
    "explanations",
    "gold_slots",
    "insert_many",
    "items",
    "metadata",
    "now",
    "open_ledger",
    "pauses",
    "raw_files",
    "read_explanations",
    "read_raw_files",
    "read_readings",
    "read_submission_files",
    "read_submissions",
    "reading_events",
    "reading_slots",
    "readings",
    "received_as",
    "record_folder",
    "record_raw_files",
    "record_submission",
    "releases",
    "sign_ins",
    "submission_files",
    "submission_folders",
    "submissions",
    "users",
    "worklist",
    "worklist_quarters",
    "writing",
]
