-- What Alembic cannot compare: the functions and triggers of the log (revision 0001).

-- Locks the heads of streams in one order for everybody, creating those that are new, so that
-- two appends over the same streams queue instead of deadlocking.
CREATE FUNCTION lock_streams(names text[])
RETURNS TABLE (stream text, version integer, hash bytea) LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stream_head AS head (stream, version, hash)
    SELECT name COLLATE "C", 0, decode(repeat('00', 32), 'hex')
    FROM unnest(names) AS name ORDER BY 1
    ON CONFLICT ON CONSTRAINT pk_stream_head
    DO UPDATE SET version = head.version WHERE false;  -- locks the row, writes nothing
    RETURN QUERY
    SELECT head.stream, head.version, head.hash FROM stream_head AS head
    WHERE head.stream = ANY (names);
END $$;

-- The same for feature memories. Called before positions are drawn: whoever holds a key's lock
-- draws next, so position order is the order in which the key learns.
CREATE FUNCTION lock_memories(folds text[], names text[], versions integer[])
RETURNS TABLE (fold text, key text, version integer, state text) LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO feature_memory AS memory (fold, key, version, state, "position")
    SELECT wanted.fold COLLATE "C", wanted.name COLLATE "C", wanted.version, '{}', 0
    FROM unnest(folds, names, versions) AS wanted (fold, name, version) ORDER BY 1, 2
    ON CONFLICT ON CONSTRAINT pk_feature_memory
    DO UPDATE SET version = memory.version WHERE false;
    RETURN QUERY
    SELECT memory.fold, memory.key, memory.version, memory.state::text
    FROM feature_memory AS memory
    JOIN unnest(folds, names) AS wanted (fold, name)
      ON memory.fold = wanted.fold AND memory.key = wanted.name;
END $$;

-- Draws positions, after announcing (as a shared advisory lock held until the transaction ends)
-- that none of them will be at or below the sequence's present value. A reader that follows
-- the journal stays below every announced value, so it never skips a slower transaction.
-- The high 16 bits 0x5452 keep these locks apart from other users of advisory locks.
CREATE FUNCTION draw_positions(many integer)
RETURNS SETOF bigint LANGUAGE plpgsql AS $$
DECLARE
    low bigint;
BEGIN
    SELECT CASE WHEN is_called THEN last_value ELSE 0 END INTO low FROM event_position;
    PERFORM pg_advisory_xact_lock_shared((x'5452'::bigint << 48) | low);
    RETURN QUERY SELECT nextval('event_position') FROM generate_series(1, many);
END $$;

-- The position up to which every transaction has ended, other than the caller's own.
CREATE FUNCTION settled_position()
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    last bigint;
    low bigint;
BEGIN
    -- Read first: a writer that announces itself later draws above this.
    SELECT CASE WHEN is_called THEN last_value ELSE 0 END INTO last FROM event_position;
    SELECT min(((classid::bigint & x'ffff'::bigint) << 32) | objid::bigint) INTO low
    FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND pid <> pg_backend_pid()
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND (classid::bigint >> 16) = x'5452'::bigint;
    RETURN least(last, coalesce(low, last));
END $$;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER event_refuses_change BEFORE UPDATE OR DELETE ON event
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER event_refuses_truncate BEFORE TRUNCATE ON event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER checkpoint_refuses_change BEFORE UPDATE OR DELETE ON checkpoint
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER checkpoint_refuses_truncate BEFORE TRUNCATE ON checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
