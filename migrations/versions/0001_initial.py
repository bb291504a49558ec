"""The whole database as it was first released. Written by migrations/write_initial.py."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

GUARDS = {
    "sqlite": (
        "CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event  BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END",
        "CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event  BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END",
        "CREATE TRIGGER audit_seal_no_update BEFORE UPDATE ON audit_seal  BEGIN SELECT RAISE(ABORT, 'audit_seal is append-only'); END",
        "CREATE TRIGGER audit_seal_no_delete BEFORE DELETE ON audit_seal  BEGIN SELECT RAISE(ABORT, 'audit_seal is append-only'); END",
        "CREATE TRIGGER audit_leaf_no_update BEFORE UPDATE ON audit_leaf  BEGIN SELECT RAISE(ABORT, 'audit_leaf is append-only'); END",
        "CREATE TRIGGER audit_leaf_no_delete BEFORE DELETE ON audit_leaf  BEGIN SELECT RAISE(ABORT, 'audit_leaf is append-only'); END",
        "CREATE TRIGGER fee_no_overlap_insert BEFORE INSERT ON fee BEGIN SELECT RAISE(ABORT, 'fee_no_overlap') WHERE EXISTS (SELECT 1 FROM fee f WHERE f.test_item_id = NEW.test_item_id AND f.id IS NOT NEW.id AND f.valid_from <= coalesce(NEW.valid_to, '9999-12-31') AND coalesce(f.valid_to, '9999-12-31') >= NEW.valid_from); END",
        "CREATE TRIGGER fee_no_overlap_update BEFORE UPDATE ON fee BEGIN SELECT RAISE(ABORT, 'fee_no_overlap') WHERE EXISTS (SELECT 1 FROM fee f WHERE f.test_item_id = NEW.test_item_id AND f.id IS NOT NEW.id AND f.valid_from <= coalesce(NEW.valid_to, '9999-12-31') AND coalesce(f.valid_to, '9999-12-31') >= NEW.valid_from); END",
        "CREATE TRIGGER fee_in_use BEFORE UPDATE ON fee WHEN EXISTS (SELECT 1 FROM booking b WHERE b.fee_id = OLD.id AND (OLD.test_item_id <> NEW.test_item_id OR OLD.basis <> NEW.basis OR OLD.amount_fen <> NEW.amount_fen OR OLD.minimum_fen <> NEW.minimum_fen OR OLD.valid_from <> NEW.valid_from OR b.booked_on > coalesce(NEW.valid_to, '9999-12-31'))) BEGIN SELECT RAISE(ABORT, 'fee_in_use'); END",
        "CREATE VIRTUAL TABLE search_fts USING fts5(grams, content='search_entry', content_rowid='id', tokenize='unicode61 remove_diacritics 0')",
        "CREATE TRIGGER search_fts_insert AFTER INSERT ON search_entry BEGIN INSERT INTO search_fts(rowid, grams) VALUES (NEW.id, NEW.grams); END",
        "CREATE TRIGGER search_fts_delete AFTER DELETE ON search_entry BEGIN INSERT INTO search_fts(search_fts, rowid, grams) VALUES ('delete', OLD.id, OLD.grams); END",
        "CREATE TRIGGER search_fts_update AFTER UPDATE OF grams ON search_entry BEGIN INSERT INTO search_fts(search_fts, rowid, grams) VALUES ('delete', OLD.id, OLD.grams); INSERT INTO search_fts(rowid, grams) VALUES (NEW.id, NEW.grams); END",
        "CREATE TRIGGER holding_no_overlap_insert BEFORE INSERT ON holding BEGIN SELECT RAISE(ABORT, 'holding_time_spelling') WHERE typeof(NEW.starts_at) <> 'text' OR NEW.starts_at NOT GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]' OR typeof(NEW.ends_at) <> 'text' OR NEW.ends_at NOT GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]'; SELECT RAISE(ABORT, 'holding_no_overlap') WHERE (SELECT h.ends_at FROM holding h WHERE h.instrument_id = NEW.instrument_id AND h.unit = NEW.unit AND h.starts_at < NEW.ends_at  ORDER BY h.starts_at DESC LIMIT 1) > NEW.starts_at; END",
        "CREATE TRIGGER holding_no_overlap_update BEFORE UPDATE ON holding BEGIN SELECT RAISE(ABORT, 'holding_time_spelling') WHERE typeof(NEW.starts_at) <> 'text' OR NEW.starts_at NOT GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]' OR typeof(NEW.ends_at) <> 'text' OR NEW.ends_at NOT GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]'; SELECT RAISE(ABORT, 'holding_no_overlap') WHERE (SELECT h.ends_at FROM holding h WHERE h.instrument_id = NEW.instrument_id AND h.unit = NEW.unit AND h.starts_at < NEW.ends_at AND h.id <> OLD.id ORDER BY h.starts_at DESC LIMIT 1) > NEW.starts_at; END",
        "CREATE TRIGGER report_no_delete BEFORE DELETE ON report BEGIN SELECT RAISE(ABORT, 'report rows stay'); END",
        "CREATE TRIGGER report_as_recorded BEFORE UPDATE OF booking_id, lab_id, number, issued_on, replaces_id, file_id ON report BEGIN SELECT RAISE(ABORT, 'report stays as recorded'); END",
        "CREATE TRIGGER invoice_no_delete BEFORE DELETE ON invoice BEGIN SELECT RAISE(ABORT, 'invoice rows stay'); END",
        "CREATE TRIGGER invoice_as_recorded BEFORE UPDATE OF seller_firm_id, client_firm_id, number, issued_on ON invoice BEGIN SELECT RAISE(ABORT, 'invoice stays as recorded'); END",
        "CREATE TRIGGER payment_no_delete BEFORE DELETE ON payment BEGIN SELECT RAISE(ABORT, 'payment rows stay'); END",
        "CREATE TRIGGER payment_as_recorded BEFORE UPDATE OF booking_id, amount_fen, paid_on, reference, payer_uscc, by_client ON payment BEGIN SELECT RAISE(ABORT, 'payment stays as recorded'); END",
        "CREATE TRIGGER invoice_line_no_update BEFORE UPDATE ON invoice_line  BEGIN SELECT RAISE(ABORT, 'invoice_line is append-only'); END",
        "CREATE TRIGGER invoice_line_no_delete BEFORE DELETE ON invoice_line  BEGIN SELECT RAISE(ABORT, 'invoice_line is append-only'); END",
        "CREATE TRIGGER revenue_entry_no_update BEFORE UPDATE ON revenue_entry  BEGIN SELECT RAISE(ABORT, 'revenue_entry is append-only'); END",
        "CREATE TRIGGER revenue_entry_no_delete BEFORE DELETE ON revenue_entry  BEGIN SELECT RAISE(ABORT, 'revenue_entry is append-only'); END",
        "CREATE TRIGGER report_of_its_booking BEFORE INSERT ON report BEGIN SELECT RAISE(ABORT, 'report of its booking') WHERE NOT EXISTS (SELECT 1 FROM booking b WHERE b.id = NEW.booking_id AND b.lab_id = NEW.lab_id) OR (NEW.replaces_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM report r WHERE r.id = NEW.replaces_id AND r.booking_id = NEW.booking_id)); END",
        "CREATE TRIGGER invoice_of_its_bookings_parties BEFORE INSERT ON invoice_line BEGIN SELECT RAISE(ABORT, 'invoice of its bookings parties') WHERE NOT EXISTS (SELECT 1 FROM invoice i, booking b WHERE i.id = NEW.invoice_id AND b.id = NEW.booking_id AND i.client_firm_id = b.client_firm_id AND i.seller_firm_id = b.lab_firm_id); END",
        "CREATE TRIGGER red_letter_within_its_invoice BEFORE INSERT ON invoice_line BEGIN SELECT RAISE(ABORT, 'red letter within its invoice') WHERE NEW.reverses_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM invoice_line o WHERE o.id = NEW.reverses_id AND o.booking_id = NEW.booking_id AND o.amount_fen > 0 AND o.amount_fen + NEW.amount_fen + (SELECT coalesce(sum(r.amount_fen), 0) FROM invoice_line r WHERE r.reverses_id = o.id) >= 0 AND o.tax_fen + NEW.tax_fen + (SELECT coalesce(sum(r.tax_fen), 0) FROM invoice_line r WHERE r.reverses_id = o.id) >= 0); END",
        "CREATE TRIGGER entry_in_open_month BEFORE INSERT ON revenue_entry BEGIN SELECT RAISE(ABORT, 'entry in open month') WHERE EXISTS (SELECT 1 FROM closed_month c WHERE c.month = NEW.month); END",
        "CREATE TRIGGER reward_line_locked_insert BEFORE INSERT ON reward_line BEGIN SELECT RAISE(ABORT, 'reward_line: the run is approved') WHERE NOT EXISTS (SELECT 1 FROM reward_run r WHERE r.id = NEW.run_id AND r.state IN ('calculated', 'published')); SELECT RAISE(ABORT, 'reward_line: replaces a row') WHERE EXISTS (SELECT 1 FROM reward_line x WHERE x.id = NEW.id); END",
        "CREATE TRIGGER reward_line_locked_update BEFORE UPDATE ON reward_line BEGIN SELECT RAISE(ABORT, 'reward_line: the run is approved') WHERE NOT (EXISTS (SELECT 1 FROM reward_run r WHERE r.id = OLD.run_id AND r.state IN ('calculated', 'published')) AND NEW.run_id = OLD.run_id); END",
        "CREATE TRIGGER reward_line_locked_delete BEFORE DELETE ON reward_line BEGIN SELECT RAISE(ABORT, 'reward_line: the run is approved') WHERE NOT EXISTS (SELECT 1 FROM reward_run r WHERE r.id = OLD.run_id AND r.state IN ('calculated', 'published')); END",
        "CREATE TRIGGER reward_item_locked_insert BEFORE INSERT ON reward_item BEGIN SELECT RAISE(ABORT, 'reward_item: the run is approved') WHERE NOT EXISTS (SELECT 1 FROM reward_run r WHERE r.id = NEW.run_id AND r.state IN ('calculated', 'published')); SELECT RAISE(ABORT, 'reward_item: replaces a row') WHERE EXISTS (SELECT 1 FROM reward_item x WHERE x.entry_id = NEW.entry_id AND x.run_id = NEW.run_id); END",
        "CREATE TRIGGER reward_item_locked_update BEFORE UPDATE ON reward_item BEGIN SELECT RAISE(ABORT, 'reward_item: the run is approved') WHERE NOT (EXISTS (SELECT 1 FROM reward_run r WHERE r.id = OLD.run_id AND r.state IN ('calculated', 'published')) AND NEW.run_id = OLD.run_id); END",
        "CREATE TRIGGER reward_item_locked_delete BEFORE DELETE ON reward_item BEGIN SELECT RAISE(ABORT, 'reward_item: the run is approved') WHERE NOT EXISTS (SELECT 1 FROM reward_run r WHERE r.id = OLD.run_id AND r.state IN ('calculated', 'published')); END",
        "CREATE TRIGGER reward_run_hand_no_update BEFORE UPDATE ON reward_run_hand  BEGIN SELECT RAISE(ABORT, 'reward_run_hand is append-only'); END",
        "CREATE TRIGGER reward_run_hand_no_delete BEFORE DELETE ON reward_run_hand  BEGIN SELECT RAISE(ABORT, 'reward_run_hand is append-only'); END",
        "CREATE TRIGGER reward_run_frozen BEFORE UPDATE ON reward_run WHEN (OLD.state IN ('approved', 'paid') AND (NEW.state NOT IN ('approved', 'paid') OR NEW.month IS DISTINCT FROM OLD.month OR NEW.division IS DISTINCT FROM OLD.division OR NEW.policy_id IS DISTINCT FROM OLD.policy_id OR NEW.digest IS DISTINCT FROM OLD.digest OR NEW.verdicts IS DISTINCT FROM OLD.verdicts OR NEW.total_payable_fen IS DISTINCT FROM OLD.total_payable_fen OR NEW.calculation IS DISTINCT FROM OLD.calculation OR NEW.calculated_at IS DISTINCT FROM OLD.calculated_at OR NEW.calculated_by IS DISTINCT FROM OLD.calculated_by OR NEW.publicity IS DISTINCT FROM OLD.publicity OR NEW.published_at IS DISTINCT FROM OLD.published_at OR NEW.published_by IS DISTINCT FROM OLD.published_by OR NEW.publicity_ends_at IS DISTINCT FROM OLD.publicity_ends_at OR NEW.approved_at IS DISTINCT FROM OLD.approved_at OR NEW.approved_by IS DISTINCT FROM OLD.approved_by OR CAST(NEW.to_reclaim AS TEXT) <> CAST(OLD.to_reclaim AS TEXT))) OR (OLD.state = 'paid' AND (NEW.state <> 'paid' OR NEW.paid_on IS DISTINCT FROM OLD.paid_on OR NEW.paid_by IS DISTINCT FROM OLD.paid_by OR NEW.payment_reference IS DISTINCT FROM OLD.payment_reference)) BEGIN SELECT RAISE(ABORT, 'reward_run: the run is approved'); END",
        "CREATE TRIGGER reward_run_kept BEFORE DELETE ON reward_run WHEN OLD.state <> 'calculated' BEGIN SELECT RAISE(ABORT, 'reward_run: the run is published'); END",
        "CREATE TRIGGER reward_run_not_replaced BEFORE INSERT ON reward_run WHEN EXISTS (SELECT 1 FROM reward_run r WHERE r.id = NEW.id OR (r.division = NEW.division AND r.month = NEW.month)) BEGIN SELECT RAISE(ABORT, 'reward_run: one run a month and division'); END",
        "CREATE TRIGGER policy_no_overlap_insert BEFORE INSERT ON policy BEGIN SELECT RAISE(ABORT, 'policy_no_overlap') WHERE NEW.state = 'published' AND EXISTS (SELECT 1 FROM policy p WHERE p.division = NEW.division AND p.state = 'published' AND p.id IS NOT NEW.id AND p.effective_from <= coalesce(NEW.effective_to, '9999-12') AND coalesce(p.effective_to, '9999-12') >= NEW.effective_from); END",
        "CREATE TRIGGER policy_no_overlap_update BEFORE UPDATE ON policy BEGIN SELECT RAISE(ABORT, 'policy_no_overlap') WHERE NEW.state = 'published' AND EXISTS (SELECT 1 FROM policy p WHERE p.division = NEW.division AND p.state = 'published' AND p.id IS NOT NEW.id AND p.effective_from <= coalesce(NEW.effective_to, '9999-12') AND coalesce(p.effective_to, '9999-12') >= NEW.effective_from); END",
        "CREATE TRIGGER policy_frozen BEFORE UPDATE ON policy WHEN OLD.state = 'published' AND (NEW.state <> OLD.state OR NEW.division <> OLD.division OR NEW.name <> OLD.name OR NEW.effective_from <> OLD.effective_from OR NEW.version <> OLD.version OR CAST(NEW.document AS TEXT) <> CAST(OLD.document AS TEXT)) BEGIN SELECT RAISE(ABORT, 'policy: published'); END",
        "CREATE TRIGGER policy_kept BEFORE DELETE ON policy WHEN OLD.state = 'published' BEGIN SELECT RAISE(ABORT, 'policy: published'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION audit_event_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'audit_event is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE FUNCTION audit_seal_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'audit_seal is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE FUNCTION audit_leaf_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'audit_leaf is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE FUNCTION fee_in_use() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM booking b WHERE b.fee_id = OLD.id AND (OLD.test_item_id <> NEW.test_item_id OR OLD.basis <> NEW.basis OR OLD.amount_fen <> NEW.amount_fen OR OLD.minimum_fen <> NEW.minimum_fen OR OLD.valid_from <> NEW.valid_from OR b.booked_on > coalesce(NEW.valid_to, '9999-12-31'))) THEN RAISE EXCEPTION 'fee_in_use' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$",
        "CREATE FUNCTION search_grams(grams text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 10000 AS $$ BEGIN RETURN string_to_array(grams, ' '); END $$",
        "CREATE FUNCTION report_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'report stays as recorded' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE FUNCTION invoice_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'invoice stays as recorded' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE FUNCTION payment_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'payment stays as recorded' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE FUNCTION invoice_line_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'invoice_line is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE FUNCTION revenue_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'revenue_entry is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE FUNCTION report_of_its_booking() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN  IF NOT EXISTS (SELECT 1 FROM booking b WHERE b.id = NEW.booking_id AND b.lab_id = NEW.lab_id) OR (NEW.replaces_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM report r WHERE r.id = NEW.replaces_id AND r.booking_id = NEW.booking_id)) THEN RAISE EXCEPTION 'report of its booking' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$",
        "CREATE FUNCTION invoice_of_its_bookings_parties() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN  IF NOT EXISTS (SELECT 1 FROM invoice i, booking b WHERE i.id = NEW.invoice_id AND b.id = NEW.booking_id AND i.client_firm_id = b.client_firm_id AND i.seller_firm_id = b.lab_firm_id) THEN RAISE EXCEPTION 'invoice of its bookings parties' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$",
        "CREATE FUNCTION red_letter_within_its_invoice() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM 1 FROM invoice_line WHERE id = NEW.reverses_id FOR UPDATE; IF NEW.reverses_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM invoice_line o WHERE o.id = NEW.reverses_id AND o.booking_id = NEW.booking_id AND o.amount_fen > 0 AND o.amount_fen + NEW.amount_fen + (SELECT coalesce(sum(r.amount_fen), 0) FROM invoice_line r WHERE r.reverses_id = o.id) >= 0 AND o.tax_fen + NEW.tax_fen + (SELECT coalesce(sum(r.tax_fen), 0) FROM invoice_line r WHERE r.reverses_id = o.id) >= 0) THEN RAISE EXCEPTION 'red letter within its invoice' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$",
        "CREATE FUNCTION entry_in_open_month() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN  IF EXISTS (SELECT 1 FROM closed_month c WHERE c.month = NEW.month) THEN RAISE EXCEPTION 'entry in open month' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$",
        "CREATE FUNCTION reward_line_locked() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM (SELECT DISTINCT run_id FROM touched) t LEFT JOIN reward_run r ON r.id = t.run_id AND r.state IN ('calculated', 'published') WHERE r.id IS NULL) THEN RAISE EXCEPTION 'reward_line: the run is approved' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NULL; END $$",
        "CREATE FUNCTION reward_line_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'reward_line: rows stay with their run' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE FUNCTION reward_item_locked() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM (SELECT DISTINCT run_id FROM touched) t LEFT JOIN reward_run r ON r.id = t.run_id AND r.state IN ('calculated', 'published') WHERE r.id IS NULL) THEN RAISE EXCEPTION 'reward_item: the run is approved' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NULL; END $$",
        "CREATE FUNCTION reward_item_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'reward_item: rows stay with their run' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE FUNCTION reward_run_hand_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'reward_run_hand is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE FUNCTION reward_run_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'reward_run: the run is approved' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE FUNCTION policy_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'policy: published' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE TRIGGER audit_event_no_change BEFORE UPDATE OR DELETE ON audit_event FOR EACH ROW  EXECUTE FUNCTION audit_event_refuse()",
        "CREATE TRIGGER audit_event_no_truncate BEFORE TRUNCATE ON audit_event FOR EACH STATEMENT EXECUTE FUNCTION audit_event_refuse()",
        "CREATE TRIGGER audit_seal_no_change BEFORE UPDATE OR DELETE ON audit_seal FOR EACH ROW  EXECUTE FUNCTION audit_seal_refuse()",
        "CREATE TRIGGER audit_seal_no_truncate BEFORE TRUNCATE ON audit_seal FOR EACH STATEMENT EXECUTE FUNCTION audit_seal_refuse()",
        "CREATE TRIGGER audit_leaf_no_change BEFORE UPDATE OR DELETE ON audit_leaf FOR EACH ROW  EXECUTE FUNCTION audit_leaf_refuse()",
        "CREATE TRIGGER audit_leaf_no_truncate BEFORE TRUNCATE ON audit_leaf FOR EACH STATEMENT EXECUTE FUNCTION audit_leaf_refuse()",
        "ALTER TABLE fee ADD CONSTRAINT fee_no_overlap EXCLUDE USING gist (test_item_id WITH =, daterange(valid_from, valid_to, '[]') WITH &&)",
        "CREATE TRIGGER fee_in_use BEFORE UPDATE ON fee FOR EACH ROW EXECUTE FUNCTION fee_in_use()",
        "CREATE INDEX ix_search_entry_grams ON search_entry USING gin (search_grams(grams))",
        "ALTER TABLE holding ADD CONSTRAINT holding_no_overlap EXCLUDE USING gist (instrument_id WITH =, unit WITH =, tstzrange(starts_at, ends_at) WITH &&)",
        "CREATE TRIGGER report_no_delete BEFORE DELETE ON report FOR EACH ROW EXECUTE FUNCTION report_refuse()",
        "CREATE TRIGGER report_as_recorded BEFORE UPDATE OF booking_id, lab_id, number, issued_on, replaces_id, file_id ON report FOR EACH ROW EXECUTE FUNCTION report_refuse()",
        "CREATE TRIGGER report_no_truncate BEFORE TRUNCATE ON report FOR EACH STATEMENT EXECUTE FUNCTION report_refuse()",
        "CREATE TRIGGER invoice_no_delete BEFORE DELETE ON invoice FOR EACH ROW EXECUTE FUNCTION invoice_refuse()",
        "CREATE TRIGGER invoice_as_recorded BEFORE UPDATE OF seller_firm_id, client_firm_id, number, issued_on ON invoice FOR EACH ROW EXECUTE FUNCTION invoice_refuse()",
        "CREATE TRIGGER invoice_no_truncate BEFORE TRUNCATE ON invoice FOR EACH STATEMENT EXECUTE FUNCTION invoice_refuse()",
        "CREATE TRIGGER payment_no_delete BEFORE DELETE ON payment FOR EACH ROW EXECUTE FUNCTION payment_refuse()",
        "CREATE TRIGGER payment_as_recorded BEFORE UPDATE OF booking_id, amount_fen, paid_on, reference, payer_uscc, by_client ON payment FOR EACH ROW EXECUTE FUNCTION payment_refuse()",
        "CREATE TRIGGER payment_no_truncate BEFORE TRUNCATE ON payment FOR EACH STATEMENT EXECUTE FUNCTION payment_refuse()",
        "CREATE TRIGGER invoice_line_no_change BEFORE UPDATE OR DELETE ON invoice_line FOR EACH ROW  EXECUTE FUNCTION invoice_line_refuse()",
        "CREATE TRIGGER invoice_line_no_truncate BEFORE TRUNCATE ON invoice_line FOR EACH STATEMENT EXECUTE FUNCTION invoice_line_refuse()",
        "CREATE TRIGGER revenue_entry_no_change BEFORE UPDATE OR DELETE ON revenue_entry FOR EACH ROW  EXECUTE FUNCTION revenue_entry_refuse()",
        "CREATE TRIGGER revenue_entry_no_truncate BEFORE TRUNCATE ON revenue_entry FOR EACH STATEMENT EXECUTE FUNCTION revenue_entry_refuse()",
        "CREATE TRIGGER report_of_its_booking BEFORE INSERT ON report FOR EACH ROW EXECUTE FUNCTION report_of_its_booking()",
        "CREATE TRIGGER invoice_of_its_bookings_parties BEFORE INSERT ON invoice_line FOR EACH ROW EXECUTE FUNCTION invoice_of_its_bookings_parties()",
        "CREATE TRIGGER red_letter_within_its_invoice BEFORE INSERT ON invoice_line FOR EACH ROW EXECUTE FUNCTION red_letter_within_its_invoice()",
        "CREATE TRIGGER entry_in_open_month BEFORE INSERT ON revenue_entry FOR EACH ROW EXECUTE FUNCTION entry_in_open_month()",
        "CREATE TRIGGER reward_line_locked_insert AFTER INSERT ON reward_line REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION reward_line_locked()",
        "CREATE TRIGGER reward_line_locked_update AFTER UPDATE ON reward_line REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION reward_line_locked()",
        "CREATE TRIGGER reward_line_locked_delete AFTER DELETE ON reward_line REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION reward_line_locked()",
        "CREATE TRIGGER reward_line_kept BEFORE UPDATE OF run_id ON reward_line FOR EACH ROW WHEN (NEW.run_id <> OLD.run_id) EXECUTE FUNCTION reward_line_kept()",
        "CREATE TRIGGER reward_line_no_truncate BEFORE TRUNCATE ON reward_line FOR EACH STATEMENT EXECUTE FUNCTION reward_line_kept()",
        "CREATE TRIGGER reward_item_locked_insert AFTER INSERT ON reward_item REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION reward_item_locked()",
        "CREATE TRIGGER reward_item_locked_update AFTER UPDATE ON reward_item REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION reward_item_locked()",
        "CREATE TRIGGER reward_item_locked_delete AFTER DELETE ON reward_item REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION reward_item_locked()",
        "CREATE TRIGGER reward_item_kept BEFORE UPDATE OF run_id ON reward_item FOR EACH ROW WHEN (NEW.run_id <> OLD.run_id) EXECUTE FUNCTION reward_item_kept()",
        "CREATE TRIGGER reward_item_no_truncate BEFORE TRUNCATE ON reward_item FOR EACH STATEMENT EXECUTE FUNCTION reward_item_kept()",
        "CREATE TRIGGER reward_run_hand_no_change BEFORE UPDATE OR DELETE ON reward_run_hand FOR EACH ROW  EXECUTE FUNCTION reward_run_hand_refuse()",
        "CREATE TRIGGER reward_run_hand_no_truncate BEFORE TRUNCATE ON reward_run_hand FOR EACH STATEMENT EXECUTE FUNCTION reward_run_hand_refuse()",
        "CREATE TRIGGER reward_run_frozen BEFORE UPDATE ON reward_run FOR EACH ROW WHEN ((OLD.state IN ('approved', 'paid') AND (NEW.state NOT IN ('approved', 'paid') OR NEW.month IS DISTINCT FROM OLD.month OR NEW.division IS DISTINCT FROM OLD.division OR NEW.policy_id IS DISTINCT FROM OLD.policy_id OR NEW.digest IS DISTINCT FROM OLD.digest OR NEW.verdicts IS DISTINCT FROM OLD.verdicts OR NEW.total_payable_fen IS DISTINCT FROM OLD.total_payable_fen OR NEW.calculation IS DISTINCT FROM OLD.calculation OR NEW.calculated_at IS DISTINCT FROM OLD.calculated_at OR NEW.calculated_by IS DISTINCT FROM OLD.calculated_by OR NEW.publicity IS DISTINCT FROM OLD.publicity OR NEW.published_at IS DISTINCT FROM OLD.published_at OR NEW.published_by IS DISTINCT FROM OLD.published_by OR NEW.publicity_ends_at IS DISTINCT FROM OLD.publicity_ends_at OR NEW.approved_at IS DISTINCT FROM OLD.approved_at OR NEW.approved_by IS DISTINCT FROM OLD.approved_by OR CAST(NEW.to_reclaim AS TEXT) <> CAST(OLD.to_reclaim AS TEXT))) OR (OLD.state = 'paid' AND (NEW.state <> 'paid' OR NEW.paid_on IS DISTINCT FROM OLD.paid_on OR NEW.paid_by IS DISTINCT FROM OLD.paid_by OR NEW.payment_reference IS DISTINCT FROM OLD.payment_reference))) EXECUTE FUNCTION reward_run_refuse()",
        "CREATE TRIGGER reward_run_kept BEFORE DELETE ON reward_run FOR EACH ROW WHEN (OLD.state <> 'calculated') EXECUTE FUNCTION reward_run_refuse()",
        "CREATE TRIGGER reward_run_no_truncate BEFORE TRUNCATE ON reward_run FOR EACH STATEMENT EXECUTE FUNCTION reward_run_refuse()",
        "ALTER TABLE policy ADD CONSTRAINT policy_no_overlap EXCLUDE USING gist (division WITH =, int4range(CAST(replace(effective_from, '-', '') AS int), CAST(replace(coalesce(effective_to, '9999-12'), '-', '') AS int), '[]') WITH &&) WHERE (state = 'published')",
        "CREATE TRIGGER policy_frozen BEFORE UPDATE ON policy FOR EACH ROW WHEN (OLD.state = 'published' AND (NEW.state <> OLD.state OR NEW.division <> OLD.division OR NEW.name <> OLD.name OR NEW.effective_from <> OLD.effective_from OR NEW.version <> OLD.version OR CAST(NEW.document AS TEXT) <> CAST(OLD.document AS TEXT))) EXECUTE FUNCTION policy_refuse()",
        "CREATE TRIGGER policy_kept BEFORE DELETE ON policy FOR EACH ROW WHEN (OLD.state = 'published') EXECUTE FUNCTION policy_refuse()",
    ),
}
UNGUARDS = {
    "sqlite": ("DROP TABLE search_fts",),
    "postgresql": (),
}
AFTER = {
    "sqlite": (),
    "postgresql": (
        "DROP FUNCTION policy_refuse()",
        "DROP FUNCTION reward_run_refuse()",
        "DROP FUNCTION reward_run_hand_refuse()",
        "DROP FUNCTION reward_item_kept()",
        "DROP FUNCTION reward_item_locked()",
        "DROP FUNCTION reward_line_kept()",
        "DROP FUNCTION reward_line_locked()",
        "DROP FUNCTION entry_in_open_month()",
        "DROP FUNCTION red_letter_within_its_invoice()",
        "DROP FUNCTION invoice_of_its_bookings_parties()",
        "DROP FUNCTION report_of_its_booking()",
        "DROP FUNCTION revenue_entry_refuse()",
        "DROP FUNCTION invoice_line_refuse()",
        "DROP FUNCTION payment_refuse()",
        "DROP FUNCTION invoice_refuse()",
        "DROP FUNCTION report_refuse()",
        "DROP FUNCTION search_grams(grams text)",
        "DROP FUNCTION fee_in_use()",
        "DROP FUNCTION audit_leaf_refuse()",
        "DROP FUNCTION audit_seal_refuse()",
        "DROP FUNCTION audit_event_refuse()",
    ),
}


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    if dialect == "postgresql":
        op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    # ### commands auto generated by Alembic - please adjust! ###
    op.create_table(
        "audit_address",
        sa.Column(
            "event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_audit_address")),
    )
    op.create_table(
        "audit_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("firm_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject_type", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.String(length=60), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )
    op.create_index(op.f("ix_audit_event_at"), "audit_event", ["at"], unique=False)
    op.create_index(op.f("ix_audit_event_person_id_at"), "audit_event", ["person_id", "at"], unique=False)
    op.create_index(
        op.f("ix_audit_event_subject_type_subject_id_id"),
        "audit_event",
        ["subject_type", "subject_id", "id"],
        unique=False,
    )
    op.create_table(
        "audit_seal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("previous_root", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_seal")),
        sa.UniqueConstraint("previous_root", name=op.f("uq_audit_seal_previous_root")),
    )
    op.create_table(
        "closed_month",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_closed_month")),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(length=10), nullable=False),
        sa.Column("path", sa.String(length=500), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", sa.JSON(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotency_key")),
        sa.UniqueConstraint(
            "person_id", "method", "path", "key", name=op.f("uq_idempotency_key_person_id_method_path_key")
        ),
    )
    op.create_index(op.f("ix_idempotency_key_created_at"), "idempotency_key", ["created_at"], unique=False)
    op.create_table(
        "job_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job", sa.String(length=60), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("host", sa.String(length=200), nullable=False),
        sa.Column("result", sa.String(length=500), nullable=True),
        sa.Column("failed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_run")),
        sa.UniqueConstraint("job", "due_at", name=op.f("uq_job_run_job_due_at")),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("firm_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("url", sa.String(length=300), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index(op.f("ix_notice_person_id_id"), "notice", ["person_id", "id"], unique=False)
    op.create_index(
        "ix_notice_unread",
        "notice",
        ["person_id"],
        unique=False,
        sqlite_where=sa.text("read_at IS NULL"),
        postgresql_where=sa.text("read_at IS NULL"),
    )
    op.create_table(
        "outbox_mail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("to", sa.String(length=254), nullable=False),
        sa.Column("locale", sa.String(length=12), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_mail")),
    )
    op.create_index(
        "ix_outbox_mail_waiting",
        "outbox_mail",
        ["id"],
        unique=False,
        sqlite_where=sa.text("sent_at IS NULL"),
        postgresql_where=sa.text("sent_at IS NULL"),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("locale", sa.String(length=12), nullable=True),
        sa.Column("session_epoch", sa.Integer(), nullable=False),
        sa.Column("demonstration", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("email_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("locale IS NULL OR locale IN ('zh_Hans_CN', 'en')", name=op.f("ck_person_locale_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("email", name=op.f("uq_person_email")),
    )
    op.create_table(
        "reward_item",
        sa.Column("entry_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.Column("changes", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "reason IS NULL OR reason IN ('not_admitted', 'suspended', 'own_firm', 'related', 'client_size', 'client_division', 'instrument_value', 'statutory')",
            name=op.f("ck_reward_item_reason_known"),
        ),
        sa.PrimaryKeyConstraint("entry_id", "run_id", name=op.f("pk_reward_item")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_reward_item_run_id"), "reward_item", ["run_id"], unique=False)
    op.create_table(
        "sign_in_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email_digest", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_attempt")),
    )
    op.create_index(op.f("ix_sign_in_attempt_address_at"), "sign_in_attempt", ["address", "at"], unique=False)
    op.create_index(op.f("ix_sign_in_attempt_email_digest_at"), "sign_in_attempt", ["email_digest", "at"], unique=False)
    op.create_table(
        "standard",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("search_number", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=True),
        sa.Column("superseded_by_id", sa.Integer(), nullable=True),
        sa.Column("superseded_from", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["superseded_by_id"], ["standard.id"], name=op.f("fk_standard_superseded_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standard")),
        sa.UniqueConstraint("number", name=op.f("uq_standard_number")),
    )
    op.create_index(op.f("ix_standard_search_number"), "standard", ["search_number"], unique=False)
    op.create_table(
        "working_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("name_en", sa.String(length=60), nullable=False),
        sa.CheckConstraint("kind IN ('holiday', 'make_up')", name=op.f("ck_working_day_kind_known")),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_working_day")),
    )
    op.create_table(
        "working_year",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_working_year")),
    )
    op.create_table(
        "audit_leaf",
        sa.Column(
            "event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("seal_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["seal_id"], ["audit_seal.id"], name=op.f("fk_audit_leaf_seal_id")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_audit_leaf")),
    )
    op.create_index(op.f("ix_audit_leaf_seal_id_position"), "audit_leaf", ["seal_id", "position"], unique=True)
    op.create_table(
        "firm",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=160), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("division", sa.String(length=6), nullable=False),
        sa.Column("town", sa.String(length=9), nullable=True),
        sa.Column("sector", sa.String(length=20), nullable=False),
        sa.Column("industry", sa.String(length=5), nullable=True),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("phone", sa.String(length=30), nullable=False),
        sa.Column("legal_person", sa.String(length=60), nullable=False),
        sa.Column("bank_account", sa.String(length=40), nullable=False),
        sa.Column("registered_on", sa.Date(), nullable=True),
        sa.Column("size_class", sa.String(length=10), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified_by", sa.Integer(), nullable=True),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("return_reason", sa.String(length=500), nullable=True),
        sa.CheckConstraint("kind IN ('enterprise', 'public_institution', 'other')", name=op.f("ck_firm_kind_known")),
        sa.ForeignKeyConstraint(["verified_by"], ["person.id"], name=op.f("fk_firm_verified_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_firm")),
        sa.UniqueConstraint("uscc", name=op.f("uq_firm_uscc")),
    )
    op.create_index(op.f("ix_firm_town"), "firm", ["town"], unique=False)
    op.create_index(op.f("ix_firm_verified_at"), "firm", ["verified_at"], unique=False)
    op.create_table(
        "policy",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("division", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("effective_from", sa.String(length=7), nullable=False),
        sa.Column("effective_to", sa.String(length=7), nullable=True),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("demonstration", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.Integer(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('draft', 'published')", name=op.f("ck_policy_state_known")),
        sa.CheckConstraint(
            "effective_to IS NULL OR effective_from <= effective_to", name=op.f("ck_policy_months_in_order")
        ),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("fk_policy_created_by")),
        sa.ForeignKeyConstraint(["published_by"], ["person.id"], name=op.f("fk_policy_published_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy")),
        sa.UniqueConstraint("division", "version", name=op.f("uq_policy_division_version")),
    )
    op.create_table(
        "regulator_role",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=True),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agreed_by", sa.Integer(), nullable=True),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('officer', 'approver', 'auditor', 'admin')", name=op.f("ck_regulator_role_role_known")
        ),
        sa.CheckConstraint(
            "agreed_by IS NULL OR agreed_by <> proposed_by", name=op.f("ck_regulator_role_two_administrators")
        ),
        sa.ForeignKeyConstraint(["agreed_by"], ["person.id"], name=op.f("fk_regulator_role_agreed_by")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_regulator_role_person_id")),
        sa.ForeignKeyConstraint(["proposed_by"], ["person.id"], name=op.f("fk_regulator_role_proposed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_regulator_role")),
    )
    op.create_index(
        "uq_regulator_role_current",
        "regulator_role",
        ["person_id", "role"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "sign_in_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("key_digest", sa.String(length=64), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_sign_in_session_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_session")),
        sa.UniqueConstraint("key_digest", name=op.f("uq_sign_in_session_key_digest")),
    )
    op.create_index(op.f("ix_sign_in_session_person_id"), "sign_in_session", ["person_id"], unique=False)
    op.create_table(
        "stored_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("content_type", sa.String(length=60), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("uploaded_by", sa.Integer(), nullable=True),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["uploaded_by"], ["person.id"], name=op.f("fk_stored_file_uploaded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_file")),
    )
    op.create_index(op.f("ix_stored_file_sha256"), "stored_file", ["sha256"], unique=False)
    op.create_table(
        "affiliation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("firm_id", sa.Integer(), nullable=False),
        sa.Column("other_firm_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("entered_by", sa.Integer(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('controls', 'shares_owner', 'family', 'declared')", name=op.f("ck_affiliation_kind_known")
        ),
        sa.CheckConstraint(
            "source IN ('firm', 'business_register', 'inspection')", name=op.f("ck_affiliation_source_known")
        ),
        sa.CheckConstraint("firm_id <> other_firm_id", name=op.f("ck_affiliation_two_firms")),
        sa.CheckConstraint("valid_to IS NULL OR valid_from <= valid_to", name=op.f("ck_affiliation_dates_in_order")),
        sa.ForeignKeyConstraint(["entered_by"], ["person.id"], name=op.f("fk_affiliation_entered_by")),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name=op.f("fk_affiliation_firm_id")),
        sa.ForeignKeyConstraint(["other_firm_id"], ["firm.id"], name=op.f("fk_affiliation_other_firm_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_affiliation")),
    )
    op.create_index(op.f("ix_affiliation_firm_id"), "affiliation", ["firm_id"], unique=False)
    op.create_index(op.f("ix_affiliation_other_firm_id"), "affiliation", ["other_firm_id"], unique=False)
    op.create_table(
        "api_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("firm_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("scope", sa.String(length=5), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("scope IN ('read', 'write')", name=op.f("ck_api_token_scope_known")),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name=op.f("fk_api_token_firm_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_api_token_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_api_token_token_digest")),
    )
    op.create_index(op.f("ix_api_token_person_id"), "api_token", ["person_id"], unique=False)
    op.create_table(
        "firm_size",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("firm_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("employees", sa.Integer(), nullable=True),
        sa.Column("revenue_fen", sa.BigInteger(), nullable=True),
        sa.Column("assets_fen", sa.BigInteger(), nullable=True),
        sa.Column("sector", sa.String(length=20), nullable=False),
        sa.Column("size_class", sa.String(length=10), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.CheckConstraint(
            "size_class IN ('large', 'medium', 'small', 'micro')", name=op.f("ck_firm_size_size_class_known")
        ),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name=op.f("fk_firm_size_firm_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_firm_size")),
        sa.UniqueConstraint("firm_id", "valid_from", name=op.f("uq_firm_size_firm_id_valid_from")),
    )
    op.create_table(
        "invitation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("firm_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("invited_by", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('owner', 'lab_manager', 'booker', 'accountant', 'viewer')", name=op.f("ck_invitation_role_known")
        ),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name=op.f("fk_invitation_firm_id")),
        sa.ForeignKeyConstraint(["invited_by"], ["person.id"], name=op.f("fk_invitation_invited_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_invitation_token_digest")),
    )
    op.create_index(op.f("ix_invitation_firm_id"), "invitation", ["firm_id"], unique=False)
    op.create_table(
        "invoice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seller_firm_id", sa.Integer(), nullable=False),
        sa.Column("client_firm_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=30), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["client_firm_id"], ["firm.id"], name=op.f("fk_invoice_client_firm_id")),
        sa.ForeignKeyConstraint(["file_id"], ["stored_file.id"], name=op.f("fk_invoice_file_id")),
        sa.ForeignKeyConstraint(["seller_firm_id"], ["firm.id"], name=op.f("fk_invoice_seller_firm_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice")),
        sa.UniqueConstraint("seller_firm_id", "number", name=op.f("uq_invoice_seller_firm_id_number")),
    )
    op.create_index(op.f("ix_invoice_client_firm_id"), "invoice", ["client_firm_id"], unique=False)
    op.create_table(
        "lab",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("firm_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=160), nullable=True),
        sa.Column("division", sa.String(length=6), nullable=False),
        sa.Column("town", sa.String(length=9), nullable=True),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("longitude", sa.String(length=12), nullable=True),
        sa.Column("latitude", sa.String(length=12), nullable=True),
        sa.Column("contact", sa.String(length=60), nullable=False),
        sa.Column("phone", sa.String(length=30), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("description_en", sa.Text(), nullable=False),
        sa.Column("automatic_confirmation", sa.Boolean(), nullable=False),
        sa.Column("lead_time_minutes", sa.Integer(), nullable=False),
        sa.Column("horizon_minutes", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('draft', 'published', 'withdrawn')", name=op.f("ck_lab_state_known")),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name=op.f("fk_lab_firm_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lab")),
        sa.UniqueConstraint("code", name=op.f("uq_lab_code")),
    )
    op.create_index(op.f("ix_lab_firm_id"), "lab", ["firm_id"], unique=False)
    op.create_index(op.f("ix_lab_town"), "lab", ["town"], unique=False)
    op.create_table(
        "membership",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("firm_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('owner', 'lab_manager', 'booker', 'accountant', 'viewer')", name=op.f("ck_membership_role_known")
        ),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name=op.f("fk_membership_firm_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_membership_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
    )
    op.create_index(op.f("ix_membership_firm_id"), "membership", ["firm_id"], unique=False)
    op.create_index(
        "uq_membership_current",
        "membership",
        ["person_id", "firm_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "reward_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("division", sa.String(length=12), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("policy_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("calculation", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("verdicts", sa.String(length=80), nullable=False),
        sa.Column("total_payable_fen", sa.BigInteger(), nullable=False),
        sa.Column("to_reclaim", sa.JSON(), nullable=False),
        sa.Column("calculated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("calculated_by", sa.Integer(), nullable=True),
        sa.Column("publicity", sa.Integer(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by", sa.Integer(), nullable=True),
        sa.Column("publicity_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.Integer(), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("paid_by", sa.Integer(), nullable=True),
        sa.Column("payment_reference", sa.String(length=100), nullable=True),
        sa.CheckConstraint(
            "state IN ('calculated', 'published', 'approved', 'paid')", name=op.f("ck_reward_run_state_known")
        ),
        sa.ForeignKeyConstraint(["approved_by"], ["person.id"], name=op.f("fk_reward_run_approved_by")),
        sa.ForeignKeyConstraint(["calculated_by"], ["person.id"], name=op.f("fk_reward_run_calculated_by")),
        sa.ForeignKeyConstraint(["paid_by"], ["person.id"], name=op.f("fk_reward_run_paid_by")),
        sa.ForeignKeyConstraint(["policy_id"], ["policy.id"], name=op.f("fk_reward_run_policy_id")),
        sa.ForeignKeyConstraint(["published_by"], ["person.id"], name=op.f("fk_reward_run_published_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reward_run")),
        sa.UniqueConstraint("division", "month", name=op.f("uq_reward_run_division_month")),
    )
    op.create_table(
        "accreditation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lab_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.CheckConstraint("kind IN ('CMA', 'CNAS')", name=op.f("ck_accreditation_kind_known")),
        sa.CheckConstraint("valid_from <= valid_to", name=op.f("ck_accreditation_dates_in_order")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_accreditation_lab_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accreditation")),
        sa.UniqueConstraint(
            "lab_id", "kind", "number", "valid_from", name=op.f("uq_accreditation_lab_id_kind_number_valid_from")
        ),
    )
    op.create_table(
        "assessment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lab_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("grade", sa.String(length=12), nullable=False),
        sa.Column("effective_month", sa.String(length=7), nullable=False),
        sa.Column("assessed_by", sa.Integer(), nullable=True),
        sa.Column("assessed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "grade IN ('excellent', 'good', 'qualified', 'unqualified', 'ungraded')",
            name=op.f("ck_assessment_grade_known"),
        ),
        sa.ForeignKeyConstraint(["assessed_by"], ["person.id"], name=op.f("fk_assessment_assessed_by")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_assessment_lab_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment")),
        sa.UniqueConstraint("lab_id", "effective_month", name=op.f("uq_assessment_lab_id_effective_month")),
    )
    op.create_table(
        "closure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lab_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_closure_times_in_order")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_closure_lab_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closure")),
    )
    op.create_index(op.f("ix_closure_lab_id_ends_at"), "closure", ["lab_id", "ends_at"], unique=False)
    op.create_table(
        "correction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("division", sa.String(length=12), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("from_month", sa.String(length=7), nullable=False),
        sa.Column("lab_id", sa.Integer(), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agreed_by", sa.Integer(), nullable=True),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("agreed_by IS NULL OR agreed_by <> proposed_by", name=op.f("ck_correction_two_officers")),
        sa.CheckConstraint("fen <> 0", name=op.f("ck_correction_not_zero")),
        sa.ForeignKeyConstraint(["agreed_by"], ["person.id"], name=op.f("fk_correction_agreed_by")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_correction_lab_id")),
        sa.ForeignKeyConstraint(["proposed_by"], ["person.id"], name=op.f("fk_correction_proposed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
    )
    op.create_index(op.f("ix_correction_division_year"), "correction", ["division", "year"], unique=False)
    op.create_table(
        "instrument",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lab_id", sa.Integer(), nullable=False),
        sa.Column("inner_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=160), nullable=True),
        sa.Column("model", sa.String(length=80), nullable=False),
        sa.Column("manufacturer", sa.String(length=120), nullable=False),
        sa.Column("nation", sa.String(length=2), nullable=False),
        sa.Column("class_code", sa.String(length=6), nullable=False),
        sa.Column("original_value_fen", sa.BigInteger(), nullable=True),
        sa.Column("begin_date", sa.Date(), nullable=True),
        sa.Column("usage", sa.String(length=10), nullable=False),
        sa.Column("sharing", sa.String(length=10), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("funds", sa.String(length=10), nullable=False),
        sa.Column("customs_supervised", sa.Boolean(), nullable=False),
        sa.Column("condition", sa.String(length=20), nullable=False),
        sa.Column("technical", sa.Text(), nullable=False),
        sa.Column("function", sa.Text(), nullable=False),
        sa.Column("subjects", sa.String(length=100), nullable=False),
        sa.Column("service_content", sa.Text(), nullable=False),
        sa.Column("requirement", sa.Text(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("shortest_minutes", sa.Integer(), nullable=True),
        sa.Column("longest_minutes", sa.Integer(), nullable=True),
        sa.Column("needs_calibration", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "condition IN ('normal', 'occasional', 'frequent', 'awaiting_repair', 'to_be_scrapped')",
            name=op.f("ck_instrument_condition_known"),
        ),
        sa.CheckConstraint("funds IN ('central', 'local', 'own', 'other')", name=op.f("ck_instrument_funds_known")),
        sa.CheckConstraint("sharing IN ('inside', 'outside', 'not_shared')", name=op.f("ck_instrument_sharing_known")),
        sa.CheckConstraint(
            "source IN ('bought', 'self_made', 'donated', 'other')", name=op.f("ck_instrument_source_known")
        ),
        sa.CheckConstraint("state IN ('draft', 'published', 'withdrawn')", name=op.f("ck_instrument_state_known")),
        sa.CheckConstraint("usage IN ('special', 'general')", name=op.f("ck_instrument_usage_known")),
        sa.CheckConstraint("original_value_fen >= 0", name=op.f("ck_instrument_value_not_negative")),
        sa.CheckConstraint("units BETWEEN 1 AND 99", name=op.f("ck_instrument_units_range")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_instrument_lab_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instrument")),
        sa.UniqueConstraint("lab_id", "inner_id", name=op.f("uq_instrument_lab_id_inner_id")),
    )
    op.create_index(op.f("ix_instrument_class_code"), "instrument", ["class_code"], unique=False)
    op.create_table(
        "lab_admission",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lab_id", sa.Integer(), nullable=False),
        sa.Column("admitted_from", sa.Date(), nullable=False),
        sa.Column("suspended_from", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("entered_by", sa.Integer(), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "suspended_from IS NULL OR admitted_from <= suspended_from", name=op.f("ck_lab_admission_dates_in_order")
        ),
        sa.ForeignKeyConstraint(["entered_by"], ["person.id"], name=op.f("fk_lab_admission_entered_by")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_lab_admission_lab_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lab_admission")),
        sa.UniqueConstraint("lab_id", "admitted_from", name=op.f("uq_lab_admission_lab_id_admitted_from")),
    )
    op.create_table(
        "objection",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("lab_id", sa.Integer(), nullable=False),
        sa.Column("publicity", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("raised_by", sa.Integer(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verdict", sa.String(length=8), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.Integer(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "verdict IS NULL OR verdict IN ('upheld', 'rejected')", name=op.f("ck_objection_verdict_known")
        ),
        sa.ForeignKeyConstraint(["answered_by"], ["person.id"], name=op.f("fk_objection_answered_by")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_objection_lab_id")),
        sa.ForeignKeyConstraint(["raised_by"], ["person.id"], name=op.f("fk_objection_raised_by")),
        sa.ForeignKeyConstraint(["run_id"], ["reward_run.id"], name=op.f("fk_objection_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objection")),
        sa.UniqueConstraint("run_id", "lab_id", "publicity", name=op.f("uq_objection_run_id_lab_id_publicity")),
    )
    op.create_table(
        "opening_hours",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lab_id", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("opens_minute", sa.Integer(), nullable=False),
        sa.Column("closes_minute", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "opens_minute >= 0 AND opens_minute < 1440 AND closes_minute > opens_minute AND closes_minute <= 2880",
            name=op.f("ck_opening_hours_minutes_in_order"),
        ),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_opening_hours_weekday_known")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_opening_hours_lab_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opening_hours")),
        sa.UniqueConstraint(
            "lab_id", "weekday", "opens_minute", name=op.f("uq_opening_hours_lab_id_weekday_opens_minute")
        ),
    )
    op.create_table(
        "reward_calculation",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("calculated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("calculated_by", sa.Integer(), nullable=True),
        sa.Column("total_payable_fen", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["calculated_by"], ["person.id"], name=op.f("fk_reward_calculation_calculated_by")),
        sa.ForeignKeyConstraint(["run_id"], ["reward_run.id"], name=op.f("fk_reward_calculation_run_id")),
        sa.PrimaryKeyConstraint("run_id", "number", name=op.f("pk_reward_calculation")),
    )
    op.create_table(
        "reward_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("lab_id", sa.Integer(), nullable=False),
        sa.Column("firm_id", sa.Integer(), nullable=False),
        sa.Column("grade", sa.String(length=12), nullable=False),
        sa.Column("month_eligible_fen", sa.BigInteger(), nullable=False),
        sa.Column("eligible_ytd_fen", sa.BigInteger(), nullable=False),
        sa.Column("entitlement_ytd_fen", sa.BigInteger(), nullable=False),
        sa.Column("cut_fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_before_fen", sa.BigInteger(), nullable=False),
        sa.Column("opening_fen", sa.BigInteger(), nullable=False),
        sa.Column("payable_fen", sa.BigInteger(), nullable=False),
        sa.Column("recoverable_fen", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.String(length=40), nullable=True),
        sa.Column("trace", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["firm_id"], ["firm.id"], name=op.f("fk_reward_line_firm_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_reward_line_lab_id")),
        sa.ForeignKeyConstraint(["run_id"], ["reward_run.id"], name=op.f("fk_reward_line_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reward_line")),
        sa.UniqueConstraint("run_id", "lab_id", name=op.f("uq_reward_line_run_id_lab_id")),
    )
    op.create_index(op.f("ix_reward_line_lab_id"), "reward_line", ["lab_id"], unique=False)
    op.create_table(
        "reward_run_hand",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(length=10), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("act IN ('calculated', 'published')", name=op.f("ck_reward_run_hand_act_known")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_reward_run_hand_person_id")),
        sa.ForeignKeyConstraint(["run_id"], ["reward_run.id"], name=op.f("fk_reward_run_hand_run_id")),
        sa.PrimaryKeyConstraint("run_id", "person_id", "act", name=op.f("pk_reward_run_hand")),
    )
    op.create_table(
        "search_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("lab_id", sa.Integer(), nullable=False),
        sa.Column("sort_key", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("grams", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('lab', 'instrument', 'test_item')", name=op.f("ck_search_entry_kind_known")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_search_entry_lab_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_entry")),
        sa.UniqueConstraint("kind", "target_id", name=op.f("uq_search_entry_kind_target_id")),
    )
    op.create_index(
        op.f("ix_search_entry_kind_target_id_sort_key"), "search_entry", ["kind", "target_id", "sort_key"], unique=False
    )
    op.create_index(op.f("ix_search_entry_lab_id"), "search_entry", ["lab_id"], unique=False)
    op.create_table(
        "test_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lab_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=160), nullable=True),
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("description_en", sa.Text(), nullable=False),
        sa.Column("sample_requirement", sa.Text(), nullable=False),
        sa.Column("sample_requirement_en", sa.Text(), nullable=False),
        sa.Column("setup_minutes", sa.BigInteger(), nullable=False),
        sa.Column("sample_minutes", sa.BigInteger(), nullable=False),
        sa.Column("run_minutes", sa.BigInteger(), nullable=False),
        sa.Column("cleanup_minutes", sa.Integer(), nullable=False),
        sa.Column("samples_per_run", sa.Integer(), nullable=False),
        sa.Column("hours_min", sa.Integer(), nullable=True),
        sa.Column("hours_max", sa.Integer(), nullable=True),
        sa.Column("hours_step", sa.Integer(), nullable=True),
        sa.Column("max_quantity", sa.Integer(), nullable=False),
        sa.Column("attended", sa.Boolean(), nullable=False),
        sa.Column("runs_start_in_hours", sa.Boolean(), nullable=False),
        sa.Column("statutory", sa.Boolean(), nullable=False),
        sa.Column("turnaround_days", sa.Integer(), nullable=False),
        sa.Column("free_cancel_minutes", sa.Integer(), nullable=False),
        sa.Column("late_cancel_percent", sa.Integer(), nullable=False),
        sa.Column("no_show_percent", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "category IN ('mechanics', 'metallography', 'composition', 'bearings', 'dimensions', 'wheels', 'environment', 'refrigeration', 'electrical', 'cleanliness', 'textile_machinery', 'pharma')",
            name=op.f("ck_test_item_category_known"),
        ),
        sa.CheckConstraint("state IN ('draft', 'published', 'withdrawn')", name=op.f("ck_test_item_state_known")),
        sa.CheckConstraint(
            "(hours_min IS NULL AND hours_max IS NULL AND hours_step IS NULL) OR (hours_min > 0 AND hours_max >= hours_min AND hours_step > 0)",
            name=op.f("ck_test_item_hours_whole"),
        ),
        sa.CheckConstraint(
            "late_cancel_percent BETWEEN 0 AND 100 AND no_show_percent BETWEEN 0 AND 100",
            name=op.f("ck_test_item_percent"),
        ),
        sa.CheckConstraint("max_quantity >= 1", name=op.f("ck_test_item_max_quantity_positive")),
        sa.CheckConstraint("samples_per_run >= 1", name=op.f("ck_test_item_samples_per_run_positive")),
        sa.CheckConstraint(
            "setup_minutes >= 0 AND sample_minutes >= 0 AND run_minutes >= 0 AND cleanup_minutes >= 0",
            name=op.f("ck_test_item_minutes_not_negative"),
        ),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_test_item_lab_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_item")),
    )
    op.create_index(op.f("ix_test_item_category"), "test_item", ["category"], unique=False)
    op.create_index(op.f("ix_test_item_lab_id_state"), "test_item", ["lab_id", "state"], unique=False)
    op.create_table(
        "accreditation_scope",
        sa.Column("accreditation_id", sa.Integer(), nullable=False),
        sa.Column("test_item_id", sa.Integer(), nullable=False),
        sa.Column("standard_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["accreditation_id"], ["accreditation.id"], name=op.f("fk_accreditation_scope_accreditation_id")
        ),
        sa.ForeignKeyConstraint(["standard_id"], ["standard.id"], name=op.f("fk_accreditation_scope_standard_id")),
        sa.ForeignKeyConstraint(["test_item_id"], ["test_item.id"], name=op.f("fk_accreditation_scope_test_item_id")),
        sa.PrimaryKeyConstraint("accreditation_id", "test_item_id", "standard_id", name=op.f("pk_accreditation_scope")),
    )
    op.create_table(
        "calibration",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("certificate", sa.String(length=60), nullable=False),
        sa.Column("issuer", sa.String(length=120), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.CheckConstraint("valid_from <= valid_to", name=op.f("ck_calibration_dates_in_order")),
        sa.ForeignKeyConstraint(["instrument_id"], ["instrument.id"], name=op.f("fk_calibration_instrument_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calibration")),
    )
    op.create_index(
        op.f("ix_calibration_instrument_id_valid_to"), "calibration", ["instrument_id", "valid_to"], unique=False
    )
    op.create_table(
        "fee",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("test_item_id", sa.Integer(), nullable=False),
        sa.Column("basis", sa.String(length=6), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("minimum_fen", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("basis IN ('sample', 'run', 'test', 'hour')", name=op.f("ck_fee_basis_known")),
        sa.CheckConstraint("amount_fen >= 0 AND minimum_fen >= 0", name=op.f("ck_fee_not_negative")),
        sa.CheckConstraint("valid_to IS NULL OR valid_from <= valid_to", name=op.f("ck_fee_dates_in_order")),
        sa.ForeignKeyConstraint(["test_item_id"], ["test_item.id"], name=op.f("fk_fee_test_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fee")),
    )
    op.create_index(op.f("ix_fee_test_item_id_valid_from"), "fee", ["test_item_id", "valid_from"], unique=True)
    op.create_table(
        "instrument_unit",
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Integer(), autoincrement=False, nullable=False),
        sa.CheckConstraint("unit >= 1", name=op.f("ck_instrument_unit_unit_from_one")),
        sa.ForeignKeyConstraint(["instrument_id"], ["instrument.id"], name=op.f("fk_instrument_unit_instrument_id")),
        sa.PrimaryKeyConstraint("instrument_id", "unit", name=op.f("pk_instrument_unit")),
    )
    op.create_table(
        "test_item_instrument",
        sa.Column("test_item_id", sa.Integer(), nullable=False),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instrument.id"], name=op.f("fk_test_item_instrument_instrument_id")
        ),
        sa.ForeignKeyConstraint(["test_item_id"], ["test_item.id"], name=op.f("fk_test_item_instrument_test_item_id")),
        sa.PrimaryKeyConstraint("test_item_id", "instrument_id", name=op.f("pk_test_item_instrument")),
    )
    op.create_index(
        op.f("ix_test_item_instrument_instrument_id"), "test_item_instrument", ["instrument_id"], unique=False
    )
    op.create_table(
        "test_item_standard",
        sa.Column("test_item_id", sa.Integer(), nullable=False),
        sa.Column("standard_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["standard_id"], ["standard.id"], name=op.f("fk_test_item_standard_standard_id")),
        sa.ForeignKeyConstraint(["test_item_id"], ["test_item.id"], name=op.f("fk_test_item_standard_test_item_id")),
        sa.PrimaryKeyConstraint("test_item_id", "standard_id", name=op.f("pk_test_item_standard")),
    )
    op.create_index(op.f("ix_test_item_standard_standard_id"), "test_item_standard", ["standard_id"], unique=False)
    op.create_table(
        "booking",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("client_firm_id", sa.Integer(), nullable=False),
        sa.Column("lab_firm_id", sa.Integer(), nullable=False),
        sa.Column("lab_id", sa.Integer(), nullable=False),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Integer(), nullable=False),
        sa.Column("test_item_id", sa.Integer(), nullable=False),
        sa.Column("fee_id", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=True),
        sa.Column("sample_description", sa.Text(), nullable=False),
        sa.Column("work_minutes", sa.BigInteger(), nullable=False),
        sa.Column("cleanup_minutes", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("booked_by", sa.Integer(), nullable=False),
        sa.Column("submission", sa.String(length=36), nullable=True),
        sa.Column("waive_reason", sa.String(length=300), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("client_size", sa.String(length=10), nullable=True),
        sa.Column("client_division", sa.String(length=6), nullable=False),
        sa.Column("instrument_value_fen", sa.BigInteger(), nullable=True),
        sa.Column("statutory", sa.Boolean(), nullable=False),
        sa.Column("free_cancel_minutes", sa.Integer(), nullable=False),
        sa.Column("late_cancel_percent", sa.Integer(), nullable=False),
        sa.Column("no_show_percent", sa.Integer(), nullable=False),
        sa.Column("turnaround_days", sa.Integer(), nullable=False),
        sa.Column("price_fen", sa.BigInteger(), nullable=False),
        sa.Column("charged_fen", sa.BigInteger(), nullable=False),
        sa.Column("invoiced_fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("recognised_fen", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("samples_received", sa.Integer(), nullable=True),
        sa.Column("sample_condition", sa.String(length=500), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_on", sa.Date(), nullable=True),
        sa.Column("machine_minutes", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(length=500), nullable=True),
        sa.CheckConstraint(
            "state IN ('requested', 'confirmed', 'received', 'testing', 'tested', 'reported', 'settled', 'declined', 'cancelled', 'no_show')",
            name=op.f("ck_booking_state_known"),
        ),
        sa.CheckConstraint(
            "state IN ('requested','confirmed','declined','cancelled','no_show') OR received_at IS NOT NULL",
            name=op.f("ck_booking_received_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('tested','reported','settled') OR finished_at IS NOT NULL",
            name=op.f("ck_booking_finished_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('testing','tested','reported','settled') OR started_at IS NOT NULL",
            name=op.f("ck_booking_started_known"),
        ),
        sa.CheckConstraint("charged_fen >= 0 AND price_fen >= 0", name=op.f("ck_booking_charge_not_negative")),
        sa.CheckConstraint(
            "finished_at IS NULL OR finished_at >= started_at", name=op.f("ck_booking_finish_after_start")
        ),
        sa.CheckConstraint("invoiced_fen BETWEEN 0 AND charged_fen", name=op.f("ck_booking_invoiced_within_charge")),
        sa.CheckConstraint("paid_fen BETWEEN 0 AND charged_fen", name=op.f("ck_booking_paid_within_charge")),
        sa.CheckConstraint("quantity >= 1", name=op.f("ck_booking_quantity_positive")),
        sa.CheckConstraint(
            "recognised_fen BETWEEN 0 AND charged_fen", name=op.f("ck_booking_recognised_within_charge")
        ),
        sa.CheckConstraint("starts_at <= ends_at", name=op.f("ck_booking_times_in_order")),
        sa.ForeignKeyConstraint(["booked_by"], ["person.id"], name=op.f("fk_booking_booked_by")),
        sa.ForeignKeyConstraint(["client_firm_id"], ["firm.id"], name=op.f("fk_booking_client_firm_id")),
        sa.ForeignKeyConstraint(["fee_id"], ["fee.id"], name=op.f("fk_booking_fee_id")),
        sa.ForeignKeyConstraint(["instrument_id"], ["instrument.id"], name=op.f("fk_booking_instrument_id")),
        sa.ForeignKeyConstraint(["lab_firm_id"], ["firm.id"], name=op.f("fk_booking_lab_firm_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_booking_lab_id")),
        sa.ForeignKeyConstraint(["test_item_id"], ["test_item.id"], name=op.f("fk_booking_test_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking")),
        sa.UniqueConstraint("booked_by", "submission", name=op.f("uq_booking_booked_by_submission")),
        sa.UniqueConstraint("ref", name=op.f("uq_booking_ref")),
    )
    op.create_index(
        op.f("ix_booking_client_firm_id_starts_at"), "booking", ["client_firm_id", "starts_at"], unique=False
    )
    op.create_index(op.f("ix_booking_fee_id"), "booking", ["fee_id"], unique=False)
    op.create_index(op.f("ix_booking_instrument_id_starts_at"), "booking", ["instrument_id", "starts_at"], unique=False)
    op.create_index(op.f("ix_booking_lab_firm_id_state"), "booking", ["lab_firm_id", "state"], unique=False)
    op.create_index(op.f("ix_booking_lab_id_starts_at"), "booking", ["lab_id", "starts_at"], unique=False)
    op.create_index(op.f("ix_booking_lab_id_state"), "booking", ["lab_id", "state"], unique=False)
    op.create_index(
        "ix_booking_requests_due",
        "booking",
        ["answer_by"],
        unique=False,
        sqlite_where=sa.text("state = 'requested'"),
        postgresql_where=sa.text("state = 'requested'"),
    )
    op.create_index(op.f("ix_booking_starts_at"), "booking", ["starts_at"], unique=False)
    op.create_index(op.f("ix_booking_test_item_id"), "booking", ["test_item_id"], unique=False)
    op.create_table(
        "booking_hold",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(length=8), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("held_by", sa.Integer(), nullable=True),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("cause IN ('flag', 'contest')", name=op.f("ck_booking_hold_cause_known")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_booking_hold_booking_id")),
        sa.ForeignKeyConstraint(["held_by"], ["person.id"], name=op.f("fk_booking_hold_held_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking_hold")),
    )
    op.create_index(op.f("ix_booking_hold_booking_id"), "booking_hold", ["booking_id"], unique=False)
    op.create_table(
        "charge",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=6), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("entered_by", sa.Integer(), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agreed_by", sa.Integer(), nullable=True),
        sa.Column("agreed_on", sa.Date(), nullable=True),
        sa.CheckConstraint("(state = 'agreed') = (agreed_on IS NOT NULL)", name=op.f("ck_charge_agreed_dated")),
        sa.CheckConstraint("kind IN ('price', 'change', 'ending')", name=op.f("ck_charge_kind_known")),
        sa.CheckConstraint("state IN ('proposed', 'agreed', 'refused')", name=op.f("ck_charge_state_known")),
        sa.ForeignKeyConstraint(["agreed_by"], ["person.id"], name=op.f("fk_charge_agreed_by")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_charge_booking_id")),
        sa.ForeignKeyConstraint(["entered_by"], ["person.id"], name=op.f("fk_charge_entered_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charge")),
    )
    op.create_index(op.f("ix_charge_booking_id"), "charge", ["booking_id"], unique=False)
    op.create_table(
        "holding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=True),
        sa.Column("held_for", sa.Integer(), nullable=True),
        sa.Column("block", sa.String(length=36), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind <> 'booking' OR booking_id IS NOT NULL", name=op.f("ck_holding_booking_named")),
        sa.CheckConstraint(
            "kind IN ('booking', 'maintenance', 'in_house', 'offer')", name=op.f("ck_holding_kind_known")
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_holding_times_in_order")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_holding_booking_id")),
        sa.ForeignKeyConstraint(["held_for"], ["person.id"], name=op.f("fk_holding_held_for")),
        sa.ForeignKeyConstraint(
            ["instrument_id", "unit"],
            ["instrument_unit.instrument_id", "instrument_unit.unit"],
            name=op.f("fk_holding_instrument_id_unit"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holding")),
    )
    op.create_index(op.f("ix_holding_booking_id"), "holding", ["booking_id"], unique=False)
    op.create_index(
        "ix_holding_expiring",
        "holding",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("expires_at IS NOT NULL"),
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_holding_instrument_id_unit_starts_at"), "holding", ["instrument_id", "unit", "starts_at"], unique=False
    )
    op.create_index(
        "uq_holding_of_booking",
        "holding",
        ["booking_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'booking'"),
        postgresql_where=sa.text("kind = 'booking'"),
    )
    op.create_table(
        "invoice_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("tax_fen", sa.BigInteger(), nullable=False),
        sa.Column("reverses_id", sa.Integer(), nullable=True),
        sa.Column("recorded_by", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(amount_fen > 0 AND tax_fen BETWEEN 0 AND amount_fen AND reverses_id IS NULL) OR (amount_fen < 0 AND tax_fen BETWEEN amount_fen AND 0 AND reverses_id IS NOT NULL)",
            name=op.f("ck_invoice_line_tax_and_sign"),
        ),
        sa.CheckConstraint("amount_fen <> 0", name=op.f("ck_invoice_line_amount_not_zero")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_invoice_line_booking_id")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_invoice_line_invoice_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["person.id"], name=op.f("fk_invoice_line_recorded_by")),
        sa.ForeignKeyConstraint(["reverses_id"], ["invoice_line.id"], name=op.f("fk_invoice_line_reverses_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_line")),
        sa.UniqueConstraint("invoice_id", "booking_id", name=op.f("uq_invoice_line_invoice_id_booking_id")),
    )
    op.create_index(op.f("ix_invoice_line_booking_id"), "invoice_line", ["booking_id"], unique=False)
    op.create_index(op.f("ix_invoice_line_reverses_id"), "invoice_line", ["reverses_id"], unique=False)
    op.create_table(
        "payment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("reference", sa.String(length=60), nullable=False),
        sa.Column("payer_uscc", sa.String(length=18), nullable=False),
        sa.Column("by_client", sa.Boolean(), nullable=False),
        sa.Column("payer_verdict", sa.String(length=8), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verdict_note", sa.String(length=300), nullable=True),
        sa.Column("submission", sa.String(length=36), nullable=True),
        sa.Column("file_id", sa.Integer(), nullable=True),
        sa.Column("recorded_by", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "payer_verdict IS NULL OR payer_verdict IN ('accepted', 'rejected')",
            name=op.f("ck_payment_payer_verdict_known"),
        ),
        sa.CheckConstraint("amount_fen <> 0", name=op.f("ck_payment_amount_not_zero")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_payment_booking_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_payment_decided_by")),
        sa.ForeignKeyConstraint(["file_id"], ["stored_file.id"], name=op.f("fk_payment_file_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["person.id"], name=op.f("fk_payment_recorded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("booking_id", "submission", name=op.f("uq_payment_booking_id_submission")),
    )
    op.create_index(op.f("ix_payment_booking_id"), "payment", ["booking_id"], unique=False)
    op.create_index(
        "ix_payment_payer_waiting",
        "payment",
        ["id"],
        unique=False,
        sqlite_where=sa.text("NOT by_client AND payer_verdict IS NULL"),
        postgresql_where=sa.text("NOT by_client AND payer_verdict IS NULL"),
    )
    op.create_index(op.f("ix_payment_reference"), "payment", ["reference"], unique=False)
    op.create_table(
        "proposal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'accepted', 'declined', 'replaced', 'lapsed', 'void')",
            name=op.f("ck_proposal_state_known"),
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_proposal_times_in_order")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_proposal_booking_id")),
        sa.ForeignKeyConstraint(["instrument_id"], ["instrument.id"], name=op.f("fk_proposal_instrument_id")),
        sa.ForeignKeyConstraint(["proposed_by"], ["person.id"], name=op.f("fk_proposal_proposed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
    )
    op.create_index(op.f("ix_proposal_booking_id"), "proposal", ["booking_id"], unique=False)
    op.create_index(
        "uq_proposal_open",
        "proposal",
        ["booking_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("lab_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("replaces_id", sa.Integer(), nullable=True),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("recorded_by", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.Column("withdraw_reason", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_report_booking_id")),
        sa.ForeignKeyConstraint(["file_id"], ["stored_file.id"], name=op.f("fk_report_file_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_report_lab_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["person.id"], name=op.f("fk_report_recorded_by")),
        sa.ForeignKeyConstraint(["replaces_id"], ["report.id"], name=op.f("fk_report_replaces_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
        sa.UniqueConstraint("lab_id", "number", name=op.f("uq_report_lab_id_number")),
        sa.UniqueConstraint("replaces_id", name=op.f("uq_report_replaces_id")),
    )
    op.create_index(op.f("ix_report_booking_id"), "report", ["booking_id"], unique=False)
    op.create_table(
        "revenue_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("lab_id", sa.Integer(), nullable=False),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("tax_fen", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cause", sa.String(length=7), nullable=True),
        sa.Column("cause_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "cause IS NULL OR cause IN ('report', 'invoice', 'payment', 'charge', 'month')",
            name=op.f("ck_revenue_entry_cause_known"),
        ),
        sa.CheckConstraint("amount_fen <> 0 OR tax_fen <> 0", name=op.f("ck_revenue_entry_says_something")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_revenue_entry_booking_id")),
        sa.ForeignKeyConstraint(["instrument_id"], ["instrument.id"], name=op.f("fk_revenue_entry_instrument_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_revenue_entry_lab_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revenue_entry")),
    )
    op.create_index(op.f("ix_revenue_entry_booking_id_month"), "revenue_entry", ["booking_id", "month"], unique=False)
    op.create_index(op.f("ix_revenue_entry_lab_id_month"), "revenue_entry", ["lab_id", "month"], unique=False)
    op.create_index(op.f("ix_revenue_entry_month_lab_id"), "revenue_entry", ["month", "lab_id"], unique=False)
    # ### end Alembic commands ###
    for statement in GUARDS[dialect]:
        op.execute(sa.DDL(statement.replace("%", "%%")))


def downgrade() -> None:
    for statement in UNGUARDS[op.get_bind().dialect.name]:
        op.execute(statement)
    # ### commands auto generated by Alembic - please adjust! ###
    op.drop_index(op.f("ix_revenue_entry_month_lab_id"), table_name="revenue_entry")
    op.drop_index(op.f("ix_revenue_entry_lab_id_month"), table_name="revenue_entry")
    op.drop_index(op.f("ix_revenue_entry_booking_id_month"), table_name="revenue_entry")
    op.drop_table("revenue_entry")
    op.drop_index(op.f("ix_report_booking_id"), table_name="report")
    op.drop_table("report")
    op.drop_index(
        "uq_proposal_open",
        table_name="proposal",
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.drop_index(op.f("ix_proposal_booking_id"), table_name="proposal")
    op.drop_table("proposal")
    op.drop_index(op.f("ix_payment_reference"), table_name="payment")
    op.drop_index(
        "ix_payment_payer_waiting",
        table_name="payment",
        sqlite_where=sa.text("NOT by_client AND payer_verdict IS NULL"),
        postgresql_where=sa.text("NOT by_client AND payer_verdict IS NULL"),
    )
    op.drop_index(op.f("ix_payment_booking_id"), table_name="payment")
    op.drop_table("payment")
    op.drop_index(op.f("ix_invoice_line_reverses_id"), table_name="invoice_line")
    op.drop_index(op.f("ix_invoice_line_booking_id"), table_name="invoice_line")
    op.drop_table("invoice_line")
    op.drop_index(
        "uq_holding_of_booking",
        table_name="holding",
        sqlite_where=sa.text("kind = 'booking'"),
        postgresql_where=sa.text("kind = 'booking'"),
    )
    op.drop_index(op.f("ix_holding_instrument_id_unit_starts_at"), table_name="holding")
    op.drop_index(
        "ix_holding_expiring",
        table_name="holding",
        sqlite_where=sa.text("expires_at IS NOT NULL"),
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
    op.drop_index(op.f("ix_holding_booking_id"), table_name="holding")
    op.drop_table("holding")
    op.drop_index(op.f("ix_charge_booking_id"), table_name="charge")
    op.drop_table("charge")
    op.drop_index(op.f("ix_booking_hold_booking_id"), table_name="booking_hold")
    op.drop_table("booking_hold")
    op.drop_index(op.f("ix_booking_test_item_id"), table_name="booking")
    op.drop_index(op.f("ix_booking_starts_at"), table_name="booking")
    op.drop_index(
        "ix_booking_requests_due",
        table_name="booking",
        sqlite_where=sa.text("state = 'requested'"),
        postgresql_where=sa.text("state = 'requested'"),
    )
    op.drop_index(op.f("ix_booking_lab_id_state"), table_name="booking")
    op.drop_index(op.f("ix_booking_lab_id_starts_at"), table_name="booking")
    op.drop_index(op.f("ix_booking_lab_firm_id_state"), table_name="booking")
    op.drop_index(op.f("ix_booking_instrument_id_starts_at"), table_name="booking")
    op.drop_index(op.f("ix_booking_fee_id"), table_name="booking")
    op.drop_index(op.f("ix_booking_client_firm_id_starts_at"), table_name="booking")
    op.drop_table("booking")
    op.drop_index(op.f("ix_test_item_standard_standard_id"), table_name="test_item_standard")
    op.drop_table("test_item_standard")
    op.drop_index(op.f("ix_test_item_instrument_instrument_id"), table_name="test_item_instrument")
    op.drop_table("test_item_instrument")
    op.drop_table("instrument_unit")
    op.drop_index(op.f("ix_fee_test_item_id_valid_from"), table_name="fee")
    op.drop_table("fee")
    op.drop_index(op.f("ix_calibration_instrument_id_valid_to"), table_name="calibration")
    op.drop_table("calibration")
    op.drop_table("accreditation_scope")
    op.drop_index(op.f("ix_test_item_lab_id_state"), table_name="test_item")
    op.drop_index(op.f("ix_test_item_category"), table_name="test_item")
    op.drop_table("test_item")
    op.drop_index(op.f("ix_search_entry_lab_id"), table_name="search_entry")
    op.drop_index(op.f("ix_search_entry_kind_target_id_sort_key"), table_name="search_entry")
    op.drop_table("search_entry")
    op.drop_table("reward_run_hand")
    op.drop_index(op.f("ix_reward_line_lab_id"), table_name="reward_line")
    op.drop_table("reward_line")
    op.drop_table("reward_calculation")
    op.drop_table("opening_hours")
    op.drop_table("objection")
    op.drop_table("lab_admission")
    op.drop_index(op.f("ix_instrument_class_code"), table_name="instrument")
    op.drop_table("instrument")
    op.drop_index(op.f("ix_correction_division_year"), table_name="correction")
    op.drop_table("correction")
    op.drop_index(op.f("ix_closure_lab_id_ends_at"), table_name="closure")
    op.drop_table("closure")
    op.drop_table("assessment")
    op.drop_table("accreditation")
    op.drop_table("reward_run")
    op.drop_index(
        "uq_membership_current",
        table_name="membership",
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_index(op.f("ix_membership_firm_id"), table_name="membership")
    op.drop_table("membership")
    op.drop_index(op.f("ix_lab_town"), table_name="lab")
    op.drop_index(op.f("ix_lab_firm_id"), table_name="lab")
    op.drop_table("lab")
    op.drop_index(op.f("ix_invoice_client_firm_id"), table_name="invoice")
    op.drop_table("invoice")
    op.drop_index(op.f("ix_invitation_firm_id"), table_name="invitation")
    op.drop_table("invitation")
    op.drop_table("firm_size")
    op.drop_index(op.f("ix_api_token_person_id"), table_name="api_token")
    op.drop_table("api_token")
    op.drop_index(op.f("ix_affiliation_other_firm_id"), table_name="affiliation")
    op.drop_index(op.f("ix_affiliation_firm_id"), table_name="affiliation")
    op.drop_table("affiliation")
    op.drop_index(op.f("ix_stored_file_sha256"), table_name="stored_file")
    op.drop_table("stored_file")
    op.drop_index(op.f("ix_sign_in_session_person_id"), table_name="sign_in_session")
    op.drop_table("sign_in_session")
    op.drop_index(
        "uq_regulator_role_current",
        table_name="regulator_role",
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_table("regulator_role")
    op.drop_table("policy")
    op.drop_index(op.f("ix_firm_verified_at"), table_name="firm")
    op.drop_index(op.f("ix_firm_town"), table_name="firm")
    op.drop_table("firm")
    op.drop_index(op.f("ix_audit_leaf_seal_id_position"), table_name="audit_leaf")
    op.drop_table("audit_leaf")
    op.drop_table("working_year")
    op.drop_table("working_day")
    op.drop_index(op.f("ix_standard_search_number"), table_name="standard")
    op.drop_table("standard")
    op.drop_index(op.f("ix_sign_in_attempt_email_digest_at"), table_name="sign_in_attempt")
    op.drop_index(op.f("ix_sign_in_attempt_address_at"), table_name="sign_in_attempt")
    op.drop_table("sign_in_attempt")
    op.drop_index(op.f("ix_reward_item_run_id"), table_name="reward_item")
    op.drop_table("reward_item")
    op.drop_table("person")
    op.drop_index(
        "ix_outbox_mail_waiting",
        table_name="outbox_mail",
        sqlite_where=sa.text("sent_at IS NULL"),
        postgresql_where=sa.text("sent_at IS NULL"),
    )
    op.drop_table("outbox_mail")
    op.drop_index(
        "ix_notice_unread",
        table_name="notice",
        sqlite_where=sa.text("read_at IS NULL"),
        postgresql_where=sa.text("read_at IS NULL"),
    )
    op.drop_index(op.f("ix_notice_person_id_id"), table_name="notice")
    op.drop_table("notice")
    op.drop_table("job_run")
    op.drop_index(op.f("ix_idempotency_key_created_at"), table_name="idempotency_key")
    op.drop_table("idempotency_key")
    op.drop_table("closed_month")
    op.drop_table("audit_seal")
    op.drop_index(op.f("ix_audit_event_subject_type_subject_id_id"), table_name="audit_event")
    op.drop_index(op.f("ix_audit_event_person_id_at"), table_name="audit_event")
    op.drop_index(op.f("ix_audit_event_at"), table_name="audit_event")
    op.drop_table("audit_event")
    op.drop_table("audit_address")
    # ### end Alembic commands ###
    for statement in AFTER[op.get_bind().dialect.name]:
        op.execute(statement)
