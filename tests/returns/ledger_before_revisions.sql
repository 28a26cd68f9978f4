-- A ledger as it was made before revisions were kept, with one receipt and one reading in it.
CREATE TABLE submissions (
	force TEXT NOT NULL, 
	quarter TEXT NOT NULL, 
	submission INTEGER NOT NULL, 
	delivered_as TEXT NOT NULL, 
	layout TEXT, 
	status TEXT NOT NULL, 
	received_at TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	crimes INTEGER NOT NULL, 
	victims INTEGER NOT NULL, 
	suspects INTEGER NOT NULL, 
	reasons TEXT NOT NULL, 
	PRIMARY KEY (force, quarter, submission), 
	CONSTRAINT submission_status CHECK (status in ('accepted', 'refused', 'nil')), 
	CONSTRAINT submission_once UNIQUE (force, quarter, fingerprint)
);
CREATE TRIGGER submissions_no_update before update on submissions begin select raise(abort, 'the ledger is append-only: submissions'); end;
CREATE TRIGGER submissions_no_delete before delete on submissions begin select raise(abort, 'the ledger is append-only: submissions'); end;
CREATE TABLE readings (
	reading_id INTEGER NOT NULL, 
	force TEXT NOT NULL, 
	crime_reference TEXT NOT NULL, 
	version TEXT NOT NULL, 
	role TEXT NOT NULL, 
	reader TEXT, 
	read_at TEXT, 
	group_based TEXT, 
	network_definition TEXT, 
	offenders_read INTEGER, 
	criterion TEXT, 
	runner_up TEXT, 
	committed_by_children TEXT, 
	confidence TEXT, 
	reason TEXT, 
	imported_at TEXT NOT NULL, 
	source_file TEXT, 
	PRIMARY KEY (reading_id), 
	CONSTRAINT reading_once UNIQUE (force, crime_reference, version, role)
);
CREATE TRIGGER readings_no_update before update on readings begin select raise(abort, 'the ledger is append-only: readings'); end;
CREATE TRIGGER readings_no_delete before delete on readings begin select raise(abort, 'the ledger is append-only: readings'); end;
CREATE TABLE releases (
	release TEXT NOT NULL, 
	period TEXT NOT NULL, 
	created_at TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	manifest_sha256 TEXT NOT NULL, 
	live BOOLEAN NOT NULL, 
	PRIMARY KEY (release)
);
CREATE TABLE submission_files (
	force TEXT NOT NULL, 
	quarter TEXT NOT NULL, 
	submission INTEGER NOT NULL, 
	file TEXT NOT NULL, 
	sha256 TEXT NOT NULL, 
	bytes INTEGER NOT NULL, 
	PRIMARY KEY (force, quarter, submission, file), 
	FOREIGN KEY(force, quarter, submission) REFERENCES submissions (force, quarter, submission)
);
CREATE TRIGGER submission_files_no_update before update on submission_files begin select raise(abort, 'the ledger is append-only: submission_files'); end;
CREATE TRIGGER submission_files_no_delete before delete on submission_files begin select raise(abort, 'the ledger is append-only: submission_files'); end;

insert into submissions values (
    'kent', '2023-Q1', 1, 'kent', 'athena', 'accepted', '2023-04-03T09:00:00+00:00', 'ff00', 3, 3, 2, '[]'
);
insert into submission_files values ('kent', '2023-Q1', 1, 'return.csv', '00ff', 1234);
insert into readings (reading_id, force, crime_reference, version, role, imported_at)
values (1, 'kent', '46/1/23', '1', 'first', '2023-05-01T09:00:00+00:00');
