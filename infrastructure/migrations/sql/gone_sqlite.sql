CREATE TRIGGER cs_event_not_gone BEFORE INSERT ON cs_event
WHEN NEW.version = 1 AND EXISTS (SELECT 1 FROM cs_gone g WHERE g.stream = NEW.stream)
BEGIN
    SELECT RAISE(ABORT, 'the stream has shrunk to its residue: nothing is added to it');
END
