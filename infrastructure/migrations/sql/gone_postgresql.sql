CREATE FUNCTION $schema.cs_gone_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM $schema.cs_gone g WHERE g.stream = NEW.stream) THEN
        RAISE EXCEPTION 'the stream has shrunk to its residue: nothing is added to it';
    END IF;
    RETURN NEW;
END
$$
-- next --
CREATE TRIGGER cs_event_not_gone BEFORE INSERT ON $schema.cs_event
FOR EACH ROW WHEN (NEW.version = 1) EXECUTE FUNCTION $schema.cs_gone_guard()
