CREATE TRIGGER cs_event_never_deleted BEFORE DELETE ON cs_event
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only: no event is ever deleted');
END
-- next --
CREATE TRIGGER cs_event_only_shrinks BEFORE UPDATE ON cs_event
WHEN NEW.position <> OLD.position OR NEW.leaf <> OLD.leaf OR NEW.certificate IS NULL
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only: an event only shrinks to its residue');
END
