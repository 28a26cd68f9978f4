"""The ledger's tables: what the newest revision in `migrations/` makes; a test compares them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    and_,
    literal_column,
)

HEAD = "0014"  # the newest revision in migrations/versions
STANDS = ("accepted", "nil")  # of the statuses of submissions: what stands until the next of these comes
metadata = MetaData()


def _texts(names: str, nullable: bool = False) -> list[Column]:
    """A column of text for each of these names."""
    return [Column(name, Text, nullable=nullable) for name in names.split()]


def _submission() -> list[Column]:
    """The key of a submission."""
    texts = [Column(name, Text, primary_key=True) for name in ("force", "quarter")]
    return [*texts, Column("submission", Integer, primary_key=True, autoincrement=False)]


def _of_a_submission() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["force", "quarter", "submission"], list(submissions.primary_key.columns))


# One row: the home that the ledger is of.
homes = Table(
    "homes",
    metadata,
    Column("identity", Text, primary_key=True),
    Column("made_at", Text, nullable=False),
    Column("key_check", Text),
)

# Stored as decided on arrival. `superseded` and `accepted_with_rejections` follow from later submissions and
# from staging: stored here they would have to be changed, and a receipt never is.
# `missing`: the force itself declares it. `said`: the name and date in its NIL or MISSING file, for `cpai status` alone.
submissions = Table(
    "submissions",
    metadata,
    *_submission(),
    Column("delivered_as", Text, nullable=False),
    Column("layout", Text),
    *_texts("status received_at fingerprint"),
    Column("crimes", Integer, nullable=False, default=0),
    Column("victims", Integer, nullable=False, default=0),
    Column("suspects", Integer, nullable=False, default=0),
    Column("reasons", Text, nullable=False, default="[]"),
    Column("said", Text),
    CheckConstraint("status in ('accepted', 'refused', 'nil', 'missing')", name="submission_status"),
)

submission_files = Table(
    "submission_files",
    metadata,
    *_submission(),
    Column("file", Text, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    _of_a_submission(),
)

# Where in landing/<quarter>/<delivered_as>/ a submission came: blank for that folder itself. The same bytes in another
# folder are another act: a return sent again after a mistaken one. None for what came before this was kept, until it
# is next looked at.
submission_folders = Table(
    "submission_folders",
    metadata,
    *_submission(),
    Column("folder", Text, nullable=False),
    _of_a_submission(),
)

# The raw files of each submission (path in raw/) as they were written. Of a file that was made again the newest counts.
raw_files = Table(
    "raw_files",
    metadata,
    Column("raw_file", Integer, primary_key=True),
    *_texts("force quarter"),
    Column("submission", Integer, nullable=False),
    *_texts("file sha256 made_at"),
    _of_a_submission(),
    Index("raw_files_of", "force", "quarter", "submission"),
)

# The releases of police recorded crime: the file as published, its bytes in the archive (`sha256`), and what was read of it in
# raw/police_recorded_crime/. The newest of a date counts; `raw_file` is blank where it has been withdrawn.
recorded_crime_releases = Table(
    "recorded_crime_releases",
    metadata,
    Column("read", Integer, primary_key=True),
    *_texts("published_on file sha256 raw_file raw_sha256 made_at"),
)

# What a force writes about findings of an earlier submission. Free text, which may name a person: here and in the
# force's own return pack, nowhere else.
explanations = Table(
    "explanations",
    metadata,
    *_submission(),
    Column("record_number", Integer, primary_key=True, autoincrement=False),
    Column("rule", Text, nullable=False),
    Column("crime_reference", Text),
    Column("explanation", Text, nullable=False),
    _of_a_submission(),
)

readings = Table(
    "readings",
    metadata,
    Column("reading_id", Integer, primary_key=True),
    *_texts("force crime_reference version role"),
    *_texts("reader read_at group_based network_definition", nullable=True),
    Column("offenders_read", Integer),
    *_texts("criterion runner_up committed_by_children confidence reason", nullable=True),
    Column("imported_at", Text, nullable=False),
    *_texts("source_file facilitator_present decided_by codebook scheme started_at", nullable=True),
    Column("slot", Integer),
    Column("round", Integer, nullable=False, server_default="1"),
    Column("corrects", Integer),
    *_texts("previous_hash hash", nullable=True),
    # the rules of the codebook that it goes against and was kept against, by semicolons
    Column("checks", Text),
    UniqueConstraint("corrects", name="reading_corrected_once"),
    # two readings after one and the same would be two histories
    UniqueConstraint("previous_hash", name="reading_chain"),
)
_key = [readings.c[name] for name in ("force", "crime_reference", "version", "role", "round")]
# a gold item is read by everyone, once each
for _name, _columns, _of in (
    ("reading_once", _key, readings.c.role != literal_column("'gold'")),
    ("gold_reading_once", [*_key, readings.c.reader], readings.c.role == literal_column("'gold'")),
):
    _where = and_(readings.c.corrects.is_(None), _of)
    Index(_name, *_columns, unique=True, sqlite_where=_where, postgresql_where=_where)
Index("reading_of_slot", readings.c.slot)
Index("reading_by", readings.c.reader, readings.c.imported_at)

# An item is a candidate at a version: what a reader reads. A slot is one reading due of it; a round is a reading
# from the start, the second after a record had more about a crime that was settled as unknown.
items = Table(
    "items",
    metadata,
    Column("item", Integer, primary_key=True, autoincrement=False),
    *_texts("force quarter crime_reference version reason"),
    Column("drawn", Boolean, nullable=False),
    Column("created_at", Text, nullable=False),
    UniqueConstraint("force", "crime_reference", "version", "quarter", name="item_once"),
)

reading_slots = Table(
    "reading_slots",
    metadata,
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("item", Integer, ForeignKey("items.item"), nullable=False),
    Column("role", Text, nullable=False),
    Column("round", Integer, nullable=False),
    *_texts("because opened_at"),
    CheckConstraint("role in ('first', 'second', 'adjudicator')", name="slot_role"),
    UniqueConstraint("item", "role", "round", name="slot_once"),
)

reading_events = Table(
    "reading_events",
    metadata,
    Column("event", Integer, primary_key=True, autoincrement=False),
    Column("item", Integer, ForeignKey("items.item"), nullable=False),
    *_texts("kind at"),
    # names of fields, never what stood in them
    Column("fields", Text),
    CheckConstraint(
        "kind in ('carried_forward', 'changed_elsewhere', 'requeued', 'replaced', 'retired', 'returned')",
        name="event_kind",
    ),
    Index("event_of_item", "item"),
)

# A reader's break, and its end. The newest row of a reader counts.
pauses = Table(
    "pauses",
    metadata,
    Column("pause", Integer, primary_key=True),
    Column("reader", Text, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("at", Text, nullable=False),
    Index("pauses_by", "reader", "pause"),
)

# The gold items that a reader was given among their cases, one row each: nobody else waits for it, so that it is held
# here and not on the worklist.
gold_slots = Table(
    "gold_slots",
    metadata,
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("item", Integer, ForeignKey("items.item"), nullable=False),
    *_texts("reader opened_at"),
    *_texts("held_at held_until", nullable=True),
    UniqueConstraint("item", "reader", name="gold_once"),
)

# Where each item stands now and who holds its open slot. It changes, as gold_slots does: it follows from the
# others (orchestration/readings/worklist.py makes it), and a case is found in it without looking through them.
worklist = Table(
    "worklist",
    metadata,
    Column("item", Integer, ForeignKey("items.item"), primary_key=True, autoincrement=False),
    *_texts("force quarter crime_reference version"),
    Column("round", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("slot", Integer),
    Column("submission", Integer),
    *_texts("details held_by held_at held_until", nullable=True),
    CheckConstraint(
        "state in ('first', 'second', 'adjudicator', 'settled', 'replaced', 'retired')", name="item_state"
    ),
    Index("worklist_next", "state", "quarter", "item"),
    Index("worklist_held", "held_by"),
    Index("worklist_slot", "slot"),
    Index("worklist_crime", "force", "crime_reference"),
)

# the cases of a quarter that the worklist was last made from
worklist_quarters = Table(
    "worklist_quarters",
    metadata,
    Column("quarter", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
)

releases = Table(
    "releases",
    metadata,
    Column("release", Text, primary_key=True),
    *_texts("period created_at fingerprint manifest_sha256"),
    Column("live", Boolean, nullable=False, default=False),
)

# The reading room's users: each change is a row, and the newest counts. `roles` by spaces; the hash is argon2's, blank
# for who comes in by single sign-on alone.
users = Table(
    "users",
    metadata,
    Column("change", Integer, primary_key=True),
    *_texts("username roles password_hash"),
    Column("active", Boolean, nullable=False),
    *_texts("changed_at changed_by"),
    Index("users_by_name", "username"),
)

# `ends`: the sign-in that an `out` ends.
sign_ins = Table(
    "sign_ins",
    metadata,
    Column("sign_in", Integer, primary_key=True),
    *_texts("username at outcome address"),
    Column("ends", Integer),
    CheckConstraint("outcome in ('in', 'refused', 'locked', 'out')", name="sign_in_outcome"),
    Index("sign_ins_by_name", "username", "at"),
    Index("sign_ins_by_time", "at"),
)

# The newest row of a user counts. `salt`: what the secret is made of with the room's key, blank where the factor was taken
# away. `recovery`: hashes by spaces.
second_factors = Table(
    "second_factors",
    metadata,
    Column("factor", Integer, primary_key=True),
    *_texts("username salt recovery at changed_by"),
    Index("second_factors_by_name", "username"),
)

# A code is used once: the 30 seconds it is of, or the hash of a recovery code.
second_factor_uses = Table(
    "second_factor_uses",
    metadata,
    Column("factor", Integer, ForeignKey("second_factors.factor"), primary_key=True),
    Column("used", Text, primary_key=True),
    Column("at", Text, nullable=False),
)

# Who did what with which data, by which door: orchestration/ledger/log.py. `concerns`: ids as JSON, never content.
log_entries = Table(
    "log_entries",
    metadata,
    Column("entry", Integer, primary_key=True, autoincrement=False),
    *_texts("at who door action what concerns"),
    *_texts("recipient reason", nullable=True),
    *_texts("previous_hash hash"),
    CheckConstraint(
        "action in ('collection', 'alteration', 'consultation', 'disclosure', 'combination', 'erasure', 'administration')",
        name="log_action",
    ),
    UniqueConstraint("previous_hash", name="log_chain"),
    Index("log_by_who", "who", "entry"),
)

# What was erased by law (orchestration/ledger/erasures.py): never content. `identity` is the same in every copy of the
# ledger; `mark`: a keyed hash of the reference, or of the files; `plan`: how many things in which place, as JSON.
erasures = Table(
    "erasures",
    metadata,
    Column("erasure", Integer, primary_key=True, autoincrement=False),
    *_texts("identity at who authority reason text kind"),
    *_texts("force quarter", nullable=True),
    Column("submission", Integer),
    Column("mark", Text, nullable=False),
    Column("crime_mark", Text),
    *_texts("plan digest previous_hash hash"),
    CheckConstraint("kind in ('crime', 'victim', 'suspect', 'submission', 'file')", name="erasure_kind"),
    UniqueConstraint("previous_hash", name="erasure_chain"),
    UniqueConstraint("identity", name="erasure_once"),
)

# An erasure without one was cut off.
erasure_ends = Table(
    "erasure_ends",
    metadata,
    Column("end", Integer, primary_key=True),
    Column("erasure", Integer, ForeignKey("erasures.erasure"), nullable=False),
    *_texts("at counts"),
)

# What is lawfully not as it was: a file of the archive (by SHA-256; `many`: its bytes), a file of a release, a reading, a
# submission. `was`, `is_now`: its hash before and after, blank where nothing is left. The newest of a place and name counts.
erased = Table(
    "erased",
    metadata,
    Column("erased", Integer, primary_key=True, autoincrement=False),
    Column("erasure", Integer, ForeignKey("erasures.erasure"), nullable=False),
    *_texts("place name"),
    *_texts("was is_now", nullable=True),
    Column("many", BigInteger, nullable=False),
    *_texts("previous_hash hash"),
    UniqueConstraint("previous_hash", name="erased_chain"),
    Index("erased_of", "place", "name"),
)

# One chain over what evidence rests on (orchestration/ledger/evidence.py): `place` is a table of the ledger, `file`, or `chain`;
# `sha256` is of the row, of the file, or the hash at which another chain ended. Blank: it is lawfully gone. The newest of a
# place and name counts.
evidence = Table(
    "evidence",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    *_texts("at place name"),
    Column("sha256", Text),
    *_texts("previous_hash hash"),
    UniqueConstraint("previous_hash", name="evidence_chain"),
    Index("evidence_of", "place", "name"),
)

# Who has which role, and with which public key (orchestration/ledger/signers.py). The newest row of a person, role and key
# counts; without a key it is the role alone.
signers = Table(
    "signers",
    metadata,
    Column("change", Integer, primary_key=True),
    *_texts("person role"),
    *_texts("keyid public_key", nullable=True),
    Column("valid_from", Text, nullable=False),
    *_texts("revoked_at reason", nullable=True),
    Column("changed_by", Text, nullable=False),
    CheckConstraint("role in ('analyst', 'assurer', 'waiver')", name="signer_role"),
)

# A row of seeds/waivers.csv (`row_sha256`) as somebody signed it; `envelope`: DSSE, as JSON.
waiver_signatures = Table(
    "waiver_signatures",
    metadata,
    Column("signature", Integer, primary_key=True),
    *_texts("rule force quarter row_sha256 person keyid signed_at envelope"),
)
