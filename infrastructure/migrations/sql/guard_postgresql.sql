CREATE FUNCTION $schema.cs_event_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'the journal is append-only: an event only shrinks to its residue';
    END IF;
    RAISE EXCEPTION 'the journal is append-only: no event is ever deleted';
END
$$
-- next --
CREATE TRIGGER cs_event_never_deleted BEFORE DELETE ON $schema.cs_event
FOR EACH ROW EXECUTE FUNCTION $schema.cs_event_guard()
-- next --
CREATE TRIGGER cs_event_never_emptied BEFORE TRUNCATE ON $schema.cs_event
FOR EACH STATEMENT EXECUTE FUNCTION $schema.cs_event_guard()
-- next --
CREATE TRIGGER cs_event_only_shrinks BEFORE UPDATE ON $schema.cs_event
FOR EACH ROW
WHEN (NEW.position <> OLD.position OR NEW.leaf <> OLD.leaf OR NEW.certificate IS NULL)
EXECUTE FUNCTION $schema.cs_event_guard()
