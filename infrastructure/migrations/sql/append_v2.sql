-- One append, in one round trip. Conflicts come back as rows: (status, a, b, c, d, e).
--
--   appended  first position, last position, recorded_at (as text)
--   moved     version read, version found, stream
--   gone      unit
--   swept     upload
--   repeated  first position, last position, digest
--   taken     kind, person
--
-- Nothing is written before every check has passed. Loops, where most batches have one row, are
-- faster than unnest, which comes with a table of its own each time.
--
-- The lock is an advisory one, keyed by the table's oid, and not LOCK TABLE: that would wait for
-- autovacuum on the table, or cancel it again and again; and it would block index builds. Whoever
-- appends comes through this function, so the lock need not be the table's own. It is held until
-- the transaction ends, so that positions become visible in their order; under READ COMMITTED each
-- statement after it sees what the holder before committed.
CREATE FUNCTION $schema.cs_append_v2(
    at bigint,
    actor text, command text, digest bytea,
    basis_streams uuid[], basis_versions integer[],
    streams uuid[], versions integer[], names text[], salts bytea[], bodies bytea[],
    contents bytea[],
    cells text[], cell_units text[], sealed bytea[],
    units text[], unit_streams uuid[], serieses text[], subjects text[], keys text[],
    blobs text[], blob_units text[],
    state_streams uuid[], state_versions integer[], folds text[], state_bodies bytea[],
    freed_kinds text[], freed_hashes bytea[],
    claimed_kinds text[], claimed_hashes bytea[], claimants text[],
    shredded text[], certificates text[],
    OUT status text, OUT a bigint, OUT b bigint, OUT c text, OUT d text, OUT e bytea
) LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    head bigint;
    latest bigint;
    stands integer;
    lives text;
    lives_by text;
    any_new boolean := false;
BEGIN
    -- An expression, where PERFORM would run a query of its own; the same goes for pg_notify below.
    IF pg_advisory_xact_lock(1668481025, '$schema.cs_event'::regclass::oid::integer) IS NULL THEN
    END IF;

    SELECT r.first, r.last, r.digest, h.position, h.recorded_at INTO a, b, e, head, latest
    FROM (SELECT 1) AS one
    LEFT JOIN $schema.cs_receipt r
        ON r.actor = cs_append_v2.actor AND r.command = cs_append_v2.command
    LEFT JOIN (
        SELECT n.position, n.recorded_at FROM $schema.cs_event n ORDER BY n.position DESC LIMIT 1
    ) h ON true;
    IF a IS NOT NULL THEN
        status := 'repeated';
        RETURN;
    END IF;

    FOR i IN 1 .. cardinality(basis_streams) LOOP
        SELECT v.version INTO stands FROM $schema.cs_event v
        WHERE v.stream = basis_streams[i] ORDER BY v.version DESC LIMIT 1;
        IF coalesce(stands, 0) <> basis_versions[i] THEN
            status := 'moved';
            a := basis_versions[i];
            b := coalesce(stands, 0);
            c := basis_streams[i]::text;
            RETURN;
        END IF;
    END LOOP;

    FOR i IN 1 .. cardinality(units) LOOP
        SELECT u.state, u.key_id INTO lives, lives_by FROM $schema.cs_unit u
        WHERE u.unit = units[i];
        IF NOT FOUND THEN
            any_new := true;
        ELSIF lives <> 'live' OR lives_by <> keys[i] THEN
            status := 'gone';
            c := units[i];
            RETURN;
        END IF;
    END LOOP;

    FOR i IN 1 .. cardinality(blobs) LOOP
        PERFORM 1 FROM $schema.cs_blob b
        WHERE b.blob = blobs[i] AND b.state = 'whole' FOR UPDATE;
        IF NOT FOUND THEN
            status := 'swept';
            c := blobs[i];
            RETURN;
        END IF;
    END LOOP;

    IF cardinality(claimants) > 0 THEN
        SELECT 'taken', i.kind, i.person INTO status, c, d
        FROM unnest(claimed_kinds, claimed_hashes, claimants) AS x(kind, hashed, person)
        JOIN $schema.cs_identity i ON i.kind = x.kind AND i.hashed = x.hashed
        WHERE i.person <> x.person AND NOT EXISTS (
            SELECT 1 FROM unnest(freed_kinds, freed_hashes) AS f(kind, hashed)
            WHERE f.kind = i.kind AND f.hashed = i.hashed
        ) LIMIT 1;
        IF FOUND THEN RETURN; END IF;
    END IF;

    IF latest IS NULL THEN  -- an empty journal, or a residue at its end
        SELECT h.recorded_at INTO latest FROM $schema.cs_event h
        WHERE h.recorded_at IS NOT NULL ORDER BY h.position DESC LIMIT 1;
    END IF;
    head := coalesce(head, 0);
    latest := greatest(at, latest);

    status := 'appended';
    a := head + 1;
    b := head + cardinality(streams);
    c := latest::text;

    FOR i IN 1 .. cardinality(streams) LOOP
        INSERT INTO $schema.cs_event
            (position, stream, version, name, recorded_at, salt, body, leaf)
        VALUES (head + i, streams[i], versions[i], names[i], latest, salts[i], bodies[i], sha256(
            '\x00'::bytea || salts[i] || int8send(head + i) || int8send(latest) || contents[i]));
    END LOOP;

    IF any_new THEN
        INSERT INTO $schema.cs_unit (unit, stream, series, subject, key_id, state)
        SELECT x.unit, x.stream, x.series, x.subject, x.key_id, 'live'
        FROM unnest(units, unit_streams, serieses, subjects, keys)
            AS x(unit, stream, series, subject, key_id)
        ON CONFLICT DO NOTHING;
    END IF;

    FOR i IN 1 .. cardinality(cells) LOOP
        INSERT INTO $schema.cs_cell (cell, unit, sealed)
        VALUES (cells[i], cell_units[i], cs_append_v2.sealed[i]);
    END LOOP;

    FOR i IN 1 .. cardinality(blobs) LOOP
        UPDATE $schema.cs_blob b SET state = 'kept', unit = blob_units[i], person = NULL
        WHERE b.blob = blobs[i];
    END LOOP;

    FOR i IN 1 .. cardinality(state_streams) LOOP
        INSERT INTO $schema.cs_state (stream, version, fold, body)
        VALUES (state_streams[i], state_versions[i], folds[i], state_bodies[i])
        ON CONFLICT ON CONSTRAINT cs_state_pkey DO UPDATE
        SET version = excluded.version, fold = excluded.fold, body = excluded.body;
    END LOOP;

    IF cardinality(freed_kinds) > 0 THEN
        DELETE FROM $schema.cs_identity i
        USING unnest(freed_kinds, freed_hashes) AS f(kind, hashed)
        WHERE i.kind = f.kind AND i.hashed = f.hashed;
    END IF;

    IF cardinality(claimants) > 0 THEN
        INSERT INTO $schema.cs_identity (kind, hashed, person)
        SELECT * FROM unnest(claimed_kinds, claimed_hashes, claimants)
        ON CONFLICT DO NOTHING;
    END IF;

    IF cardinality(shredded) > 0 THEN
        UPDATE $schema.cs_unit u SET state = 'destroyed', certificate = x.certificate
        FROM unnest(shredded, certificates) AS x(unit, certificate)
        WHERE u.unit = x.unit AND u.state = 'live';
        UPDATE $schema.cs_cell l SET sealed = NULL
        WHERE l.unit = ANY (shredded) AND l.sealed IS NOT NULL;
        DELETE FROM $schema.cs_chunk p USING $schema.cs_blob b
        WHERE b.unit = ANY (shredded) AND p.blob = b.blob;
    END IF;

    IF command IS NOT NULL THEN
        INSERT INTO $schema.cs_receipt (actor, command, digest, first, last)
        VALUES (cs_append_v2.actor, cs_append_v2.command, cs_append_v2.digest, a, b);
    END IF;

    IF cardinality(streams) > 0 AND pg_notify('$channel', b::text) IS NULL THEN
    END IF;
END
$$
