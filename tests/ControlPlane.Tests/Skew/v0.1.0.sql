
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

CREATE SCHEMA mesh;

CREATE FUNCTION mesh.mt_archive_stream(streamid character varying) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
  update mesh.mt_streams set is_archived = TRUE where id = streamid ;
  update mesh.mt_events set is_archived = TRUE where stream_id = streamid ;
END;
$$;

CREATE FUNCTION mesh.mt_grams_array(words text, use_unaccent boolean DEFAULT false) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE STRICT
    AS $$
        DECLARE
result text[];
        DECLARE
word text;
        DECLARE
clean_word text;
BEGIN
                FOREACH
word IN ARRAY string_to_array(words, ' ')
                LOOP
                     clean_word = regexp_replace(mesh.mt_safe_unaccent(use_unaccent, word), '[^a-zA-Z0-9]+', '','g');
FOR i IN 1 .. length(clean_word)
                     LOOP
                         result := result || quote_literal(substr(lower(clean_word), i, 1));
                         result
:= result || quote_literal(substr(lower(clean_word), i, 2));
                         result
:= result || quote_literal(substr(lower(clean_word), i, 3));
END LOOP;
END LOOP;

RETURN ARRAY(SELECT DISTINCT e FROM unnest(result) AS a(e) ORDER BY e);
END;
$$;

CREATE FUNCTION mesh.mt_grams_query(text, use_unaccent boolean DEFAULT false) RETURNS tsquery
    LANGUAGE plpgsql IMMUTABLE STRICT
    AS $_$
BEGIN
RETURN (SELECT array_to_string(mesh.mt_grams_array($1, use_unaccent), ' & ') ::tsquery);
END
$_$;

CREATE FUNCTION mesh.mt_grams_vector(text, use_unaccent boolean DEFAULT false) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE STRICT
    AS $_$
BEGIN
RETURN (SELECT array_to_string(mesh.mt_grams_array($1, use_unaccent), ' ') ::tsvector);
END
$_$;

CREATE FUNCTION mesh.mt_immutable_date(value text) RETURNS date
    LANGUAGE sql IMMUTABLE
    AS $$
select value::date

$$;

CREATE FUNCTION mesh.mt_immutable_time(value text) RETURNS time without time zone
    LANGUAGE sql IMMUTABLE
    AS $$
select value::time

$$;

CREATE FUNCTION mesh.mt_immutable_timestamp(value text) RETURNS timestamp without time zone
    LANGUAGE sql IMMUTABLE
    AS $$
select value::timestamp

$$;

CREATE FUNCTION mesh.mt_immutable_timestamptz(value text) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE
    AS $$
select value::timestamptz

$$;

CREATE FUNCTION mesh.mt_jsonb_append(jsonb, text[], jsonb, boolean, jsonb DEFAULT NULL::jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $_$
DECLARE
    retval ALIAS FOR $1;
    location ALIAS FOR $2;
    val ALIAS FOR $3;
    if_not_exists ALIAS FOR $4;
    patch_expression ALIAS FOR $5;
    tmp_value jsonb;
BEGIN
    tmp_value = retval #> location;
    IF tmp_value IS NOT NULL AND jsonb_typeof(tmp_value) = 'array' THEN
        CASE
            WHEN NOT if_not_exists THEN
                retval = jsonb_set(retval, location, tmp_value || val, FALSE);
            WHEN patch_expression IS NULL AND jsonb_typeof(val) = 'object' AND NOT tmp_value @> jsonb_build_array(val) THEN
                retval = jsonb_set(retval, location, tmp_value || val, FALSE);
            WHEN patch_expression IS NULL AND jsonb_typeof(val) <> 'object' AND NOT tmp_value @> val THEN
                retval = jsonb_set(retval, location, tmp_value || val, FALSE);
            WHEN patch_expression IS NOT NULL AND jsonb_typeof(patch_expression) = 'array' AND jsonb_array_length(patch_expression) = 0 THEN
                retval = jsonb_set(retval, location, tmp_value || val, FALSE);
            ELSE NULL;
            END CASE;
    END IF;
    RETURN retval;
END;
$_$;

CREATE FUNCTION mesh.mt_jsonb_append_key_value(jsonb, text[], jsonb, boolean) RETURNS jsonb
    LANGUAGE plpgsql
    AS $_$
DECLARE
    retval ALIAS FOR $1;
    location ALIAS FOR $2;
    val ALIAS FOR $3;
    if_not_exists ALIAS FOR $4;
    tmp_value jsonb;
    _key text;
BEGIN
    tmp_value = retval #> location;

    IF tmp_value IS NOT NULL AND jsonb_typeof(tmp_value) = 'object' THEN
        CASE
            WHEN NOT if_not_exists THEN
                retval = jsonb_set(retval, location, tmp_value || val, FALSE);
            WHEN NOT tmp_value ?| ARRAY(SELECT jsonb_object_keys(val)) THEN
                retval = jsonb_set(retval, location, tmp_value || val, FALSE);
            ELSE NULL;
        END CASE;
    END IF;
    RETURN retval;
END;
$_$;

CREATE FUNCTION mesh.mt_jsonb_copy(jsonb, text[], text[]) RETURNS jsonb
    LANGUAGE plpgsql
    AS $_$
DECLARE
    retval ALIAS FOR $1;
    src_path ALIAS FOR $2;
    dst_path ALIAS FOR $3;
    tmp_value jsonb;
BEGIN
    tmp_value = retval #> src_path;
    retval = mesh.mt_jsonb_fix_null_parent(retval, dst_path);
    RETURN jsonb_set(retval, dst_path, tmp_value::jsonb, TRUE);
END;
$_$;

CREATE FUNCTION mesh.mt_jsonb_duplicate(jsonb, text[], jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $_$
DECLARE
    retval ALIAS FOR $1;
    location ALIAS FOR $2;
    targets ALIAS FOR $3;
    tmp_value jsonb;
    target_path text[];
    target text;
BEGIN
    FOR target IN SELECT jsonb_array_elements_text(targets)
    LOOP
        target_path = mesh.mt_jsonb_path_to_array(target, '\.');
        retval = mesh.mt_jsonb_copy(retval, location, target_path);
    END LOOP;

    RETURN retval;
END;
$_$;

CREATE FUNCTION mesh.mt_jsonb_fix_null_parent(jsonb, text[]) RETURNS jsonb
    LANGUAGE plpgsql
    AS $_$
DECLARE
retval ALIAS FOR $1;
    dst_path ALIAS FOR $2;
    dst_path_segment text[] = ARRAY[]::text[];
    dst_path_array_length integer;
    i integer = 1;
BEGIN
    dst_path_array_length = array_length(dst_path, 1);
    WHILE i <=(dst_path_array_length - 1)
    LOOP
        dst_path_segment = dst_path_segment || ARRAY[dst_path[i]];
        IF retval #> dst_path_segment IS NULL OR retval #> dst_path_segment = 'null'::jsonb THEN
            retval = jsonb_set(retval, dst_path_segment, '{}'::jsonb, TRUE);
        END IF;
        i = i + 1;
    END LOOP;

    RETURN retval;
END;
$_$;

CREATE FUNCTION mesh.mt_jsonb_increment(jsonb, text[], numeric) RETURNS jsonb
    LANGUAGE plpgsql
    AS $_$
DECLARE
retval ALIAS FOR $1;
    location ALIAS FOR $2;
    increment_value ALIAS FOR $3;
    tmp_value jsonb;
BEGIN
    tmp_value = retval #> location;
    IF tmp_value IS NULL THEN
        tmp_value = to_jsonb(0);
END IF;

RETURN jsonb_set(retval, location, to_jsonb(tmp_value::numeric + increment_value), TRUE);
END;
$_$;

CREATE FUNCTION mesh.mt_jsonb_insert(jsonb, text[], jsonb, integer, boolean, jsonb DEFAULT NULL::jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $_$
DECLARE
    retval ALIAS FOR $1;
    location ALIAS FOR $2;
    val ALIAS FOR $3;
    elm_index ALIAS FOR $4;
    if_not_exists ALIAS FOR $5;
    patch_expression ALIAS FOR $6;
    tmp_value jsonb;
BEGIN
    tmp_value = retval #> location;
    IF tmp_value IS NOT NULL AND jsonb_typeof(tmp_value) = 'array' THEN
        IF elm_index IS NULL THEN
            elm_index = jsonb_array_length(tmp_value) + 1;
        END IF;
        CASE
            WHEN NOT if_not_exists THEN
                retval = jsonb_insert(retval, location || elm_index::text, val);
            WHEN patch_expression IS NULL AND jsonb_typeof(val) = 'object' AND NOT tmp_value @> jsonb_build_array(val) THEN
                retval = jsonb_insert(retval, location || elm_index::text, val);
            WHEN patch_expression IS NULL AND jsonb_typeof(val) <> 'object' AND NOT tmp_value @> val THEN
                retval = jsonb_insert(retval, location || elm_index::text, val);
            WHEN patch_expression IS NOT NULL AND jsonb_typeof(patch_expression) = 'array' AND jsonb_array_length(patch_expression) = 0 THEN
                retval = jsonb_insert(retval, location || elm_index::text, val);
            ELSE NULL;
        END CASE;
    END IF;
    RETURN retval;
END;
$_$;

CREATE FUNCTION mesh.mt_jsonb_move(jsonb, text[], text) RETURNS jsonb
    LANGUAGE plpgsql
    AS $_$
DECLARE
    retval ALIAS FOR $1;
    src_path ALIAS FOR $2;
    dst_name ALIAS FOR $3;
    dst_path text[];
    tmp_value jsonb;
BEGIN
    tmp_value = retval #> src_path;
    retval = retval #- src_path;
    dst_path = src_path;
    dst_path[array_length(dst_path, 1)] = dst_name;
    retval = mesh.mt_jsonb_fix_null_parent(retval, dst_path);
    RETURN jsonb_set(retval, dst_path, tmp_value, TRUE);
END;
$_$;

CREATE FUNCTION mesh.mt_jsonb_patch(jsonb, jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $_$
DECLARE
    retval ALIAS FOR $1;
    patchset ALIAS FOR $2;
    patch jsonb;
    patch_path text[];
    patch_expression jsonb;
    value jsonb;
BEGIN
    FOR patch IN SELECT * from jsonb_array_elements(patchset)
    LOOP
        patch_path = mesh.mt_jsonb_path_to_array((patch->>'path')::text, '\.');

        patch_expression = null;
        IF (patch->>'type') IN ('remove', 'append_if_not_exists', 'insert_if_not_exists') AND (patch->>'expression') IS NOT NULL THEN
            patch_expression = jsonb_path_query_array(retval #> patch_path, (patch->>'expression')::jsonpath);
        END IF;

        CASE patch->>'type'
            WHEN 'set' THEN
                retval = jsonb_set(retval, patch_path, (patch->'value')::jsonb, TRUE);
            WHEN 'delete' THEN
                retval = retval#-patch_path;
            WHEN 'append' THEN
                retval = mesh.mt_jsonb_append(retval, patch_path, (patch->'value')::jsonb, FALSE);
            WHEN 'append_if_not_exists' THEN
                retval = mesh.mt_jsonb_append(retval, patch_path, (patch->'value')::jsonb, TRUE, patch_expression);
            WHEN 'append_key_value' THEN
                retval = mesh.mt_jsonb_append_key_value(retval, patch_path, (patch->'key_value')::jsonb, FALSE);
            WHEN 'append_key_value_if_not_exists' THEN
                retval = mesh.mt_jsonb_append_key_value(retval, patch_path, (patch->'key_value')::jsonb, TRUE);
            WHEN 'insert' THEN
                retval = mesh.mt_jsonb_insert(retval, patch_path, (patch->'value')::jsonb, (patch->>'index')::integer, FALSE);
            WHEN 'insert_if_not_exists' THEN
                retval = mesh.mt_jsonb_insert(retval, patch_path, (patch->'value')::jsonb, (patch->>'index')::integer, TRUE, patch_expression);
            WHEN 'remove' THEN
                retval = mesh.mt_jsonb_remove(retval, patch_path, COALESCE(patch_expression, (patch->'value')::jsonb));
            WHEN 'remove_key' THEN
                retval = mesh.mt_jsonb_remove_key(retval, patch_path, (patch->>'key'));
            WHEN 'duplicate' THEN
                retval = mesh.mt_jsonb_duplicate(retval, patch_path, (patch->'targets')::jsonb);
            WHEN 'rename' THEN
                retval = mesh.mt_jsonb_move(retval, patch_path, (patch->>'to')::text);
            WHEN 'increment' THEN
                retval = mesh.mt_jsonb_increment(retval, patch_path, (patch->>'increment')::numeric);
            WHEN 'increment_float' THEN
                retval = mesh.mt_jsonb_increment(retval, patch_path, (patch->>'increment')::numeric);
            ELSE NULL;
        END CASE;
    END LOOP;
    RETURN retval;
END;
$_$;

CREATE FUNCTION mesh.mt_jsonb_path_to_array(text, character) RETURNS text[]
    LANGUAGE plpgsql
    AS $_$
DECLARE
    location ALIAS FOR $1;
    regex_pattern ALIAS FOR $2;
BEGIN
RETURN regexp_split_to_array(location, regex_pattern)::text[];
END;
$_$;

CREATE FUNCTION mesh.mt_jsonb_remove(jsonb, text[], jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $_$
DECLARE
    retval ALIAS FOR $1;
    location ALIAS FOR $2;
    val ALIAS FOR $3;
    tmp_value jsonb;
    tmp_remove jsonb;
    patch_remove jsonb;
BEGIN
    tmp_value = retval #> location;
    IF tmp_value IS NOT NULL AND jsonb_typeof(tmp_value) = 'array' THEN
        IF jsonb_typeof(val) = 'array' THEN
            tmp_remove = val;
        ELSE
            tmp_remove = jsonb_build_array(val);
        END IF;

        FOR patch_remove IN SELECT * FROM jsonb_array_elements(tmp_remove)
        LOOP
            tmp_value =(SELECT jsonb_agg(elem)
            FROM jsonb_array_elements(tmp_value) AS elem
            WHERE elem <> patch_remove);
        END LOOP;

        IF tmp_value IS NULL THEN
            tmp_value = '[]'::jsonb;
        END IF;
    END IF;
    RETURN jsonb_set(retval, location, tmp_value, FALSE);
END;
$_$;

CREATE FUNCTION mesh.mt_jsonb_remove_key(jsonb, text[], text) RETURNS jsonb
    LANGUAGE plpgsql
    AS $_$
DECLARE
    retval ALIAS FOR $1;
    location ALIAS FOR $2;
    _key ALIAS FOR $3;
    tmp_value jsonb;
    tmp_remove jsonb;
    patch_remove jsonb;
BEGIN
    tmp_value = retval #> location;
    IF tmp_value IS NOT NULL AND jsonb_typeof(tmp_value) = 'object' THEN
        RETURN jsonb_set(retval, location, tmp_value - _key, FALSE);
    END IF;
    RETURN retval;
END;
$_$;

CREATE FUNCTION mesh.mt_mark_event_progression(name character varying, last_encountered bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
INSERT INTO mesh.mt_event_progression (name, last_seq_id, last_updated)
VALUES (name, last_encountered, transaction_timestamp())
ON CONFLICT ON CONSTRAINT pk_mt_event_progression
    DO
UPDATE SET last_seq_id = last_encountered, last_updated = transaction_timestamp();

END;

$$;

CREATE FUNCTION mesh.mt_mark_progression_with_skip(shard_name character varying, ending_sequence bigint, starting_sequence bigint) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    current_value bigint;
BEGIN
    select last_seq_id into current_value from mesh.mt_event_progression where name = shard_name;

    IF current_value is null then
        -- Bootstrap the high-water row on first invocation. Previously this branch
        -- returned 0, which left HighWaterAgent.CheckNowAsync polling forever because
        -- statistics.CurrentMark never advanced. Issue #4425.
        INSERT INTO mesh.mt_event_progression (name, last_seq_id, last_updated)
        VALUES (shard_name, ending_sequence, transaction_timestamp())
        ON CONFLICT ON CONSTRAINT pk_mt_event_progression
            DO UPDATE SET last_seq_id = ending_sequence, last_updated = transaction_timestamp();
        IF ending_sequence > starting_sequence THEN
            -- Idempotent: a rebuild/replay re-marks the same skip (ending_sequence is the
            -- PK). Re-recording an existing gap is a no-op. Conflict target is the PK
            -- constraint (the bare column name collides with the function parameter). #4530.
            insert into mesh.mt_high_water_skips (ending_sequence, starting_sequence) values (ending_sequence, starting_sequence)
                on conflict on constraint pkey_mt_high_water_skips_ending_sequence do nothing;
        END IF;
        return ending_sequence;
    ELSIF current_value = starting_sequence THEN
        update mesh.mt_event_progression SET last_seq_id = ending_sequence, last_updated = transaction_timestamp() where shard_name = name;
        insert into mesh.mt_high_water_skips (ending_sequence, starting_sequence) values (ending_sequence, starting_sequence)
            on conflict on constraint pkey_mt_high_water_skips_ending_sequence do nothing;
        return ending_sequence;
    ELSE
        return current_value;
    END IF;
END
$$;

CREATE FUNCTION mesh.mt_quick_append_events(stream character varying, stream_type character varying, tenantid character varying, event_ids uuid[], event_types character varying[], dotnet_types character varying[], bodies jsonb[], bdatas bytea[], causation_ids character varying[], correlation_ids character varying[], headers jsonb[], user_names character varying[], expected_version bigint DEFAULT NULL::bigint) RETURNS bigint[]
    LANGUAGE plpgsql
    AS $$
DECLARE
	event_version bigint;
	stream_is_archived boolean;
	event_type varchar;
	event_id uuid;
	body jsonb;
	index int;
	seq bigint;
    actual_tenant varchar;
    is_new_stream boolean := false;
	return_value bigint[];
BEGIN
    if expected_version IS NOT NULL then
        -- COALESCE turns the NULL we get for a brand-new stream into 0, so a
        -- FetchForWriting against a non-existent stream (which sets
        -- ExpectedVersionOnServer = 0) and a StartStream(id, version: 0) both
        -- land on the new-stream branch instead of mis-firing the guard.
        select version, is_archived into event_version, stream_is_archived from mesh.mt_streams where id = stream;
        if COALESCE(event_version, 0) != expected_version then
            RAISE EXCEPTION 'Stream version mismatch on ''%'': expected %, actual %', stream, expected_version, COALESCE(event_version, 0) USING ERRCODE = 'MT003';
        end if;
    else
        select version, is_archived into event_version, stream_is_archived from mesh.mt_streams where id = stream;
    end if;

	if event_version IS NULL then
		event_version = 0;
		is_new_stream := true;
		-- #5456 follow-up: insert the FINAL version straight away rather than 0 plus a
		-- trailing UPDATE of the row we just wrote in this same transaction. That UPDATE
		-- is a second heap tuple + WAL record per stream creation for no observable gain
		-- -- nothing outside this transaction can see the intermediate 0. The trailing
		-- UPDATE below is skipped for this branch via is_new_stream.
		insert into mesh.mt_streams (id, type, version, timestamp, tenant_id) values (stream, stream_type, COALESCE(array_length(event_ids, 1), 0), now(), tenantid);
    else
        if stream_is_archived then
            RAISE EXCEPTION 'Attempted to append event to archived stream with Id ''%''.', stream USING ERRCODE = 'MT001';
        end if;
        if tenantid IS NOT NULL then
            select tenant_id into actual_tenant from mesh.mt_streams where id = stream;
            if actual_tenant != tenantid then
                RAISE EXCEPTION 'The tenantid does not match the existing stream';
            end if;
        end if;
	end if;

	index := 1;
	-- #5062: array_length('{}', 1) is NULL in PostgreSQL, not 0, so a call with an
	-- empty event array used to return ARRAY[NULL] -- a bigint[] whose only element
	-- is NULL, which Npgsql cannot read into long[] ('Cannot read a non-nullable
	-- collection of elements because the returned array contains nulls'). COALESCE
	-- makes the empty case mean what it says: zero events appended, so the final
	-- version is the stream's current version.
	return_value := ARRAY[event_version + COALESCE(array_length(event_ids, 1), 0)];

	foreach event_id in ARRAY event_ids
	loop
        seq := nextval('mesh.mt_events_sequence');
		return_value := array_append(return_value, seq);

	    event_version := event_version + 1;
		event_type = event_types[index];
		body = bodies[index];

		-- #4515 / #4578 / Phase 2: bdatas[index] carries the binary payload
		-- for events opted in to binary serialization (NULL otherwise).
		-- bodies[index] is the {} JSON placeholder for those events so the
		-- existing data jsonb NOT NULL constraint stays intact.
		insert into mesh.mt_events
			(seq_id, id, stream_id, version, data, bdata, type, tenant_id, timestamp, mt_dotnet_type, is_archived, causation_id, correlation_id, headers, user_name)
		values
			(seq, event_id, stream, event_version, body, bdatas[index], event_type, tenantid, (now() at time zone 'utc'), dotnet_types[index], FALSE, causation_ids[index], correlation_ids[index], headers[index], user_names[index]);

		index := index + 1;
	end loop;

	-- A brand-new stream already carries its final version from the insert above, so the
	-- UPDATE is only needed when we appended onto a stream that already existed.
	--
	-- #5539: and only when we actually appended something. With ZERO events this was a BLIND write-back
	-- of the version read at the top of the function, and under READ COMMITTED that is a lost update: the
	-- UPDATE waits on a concurrent appender's row lock, the winner commits, the WHERE clause is
	-- re-evaluated against the new row, and `set version = <the stale value>` lands -- leaving
	-- mt_streams.version BELOW the stream's own events. Every later append then computes a version that
	-- already exists and dies on pk_mt_events_stream_and_version, forever, until the row is repaired by
	-- hand. A non-empty call cannot do this: its first INSERT collides with the winner on that same
	-- primary key and rolls the whole thing back, which is why only the empty case was exposed.
	--
	-- Two independent guards, because either alone would have been enough and the cost of both is nil:
	--   * the append count -- appending nothing has nothing to write, so the correct number of statements
	--     is zero rather than one that happens to be harmless;
	--   * greatest(), so the write-back can never LOWER a stream's version whoever calls it. An append
	--     only ever moves a version forward, so this is a no-op on every correct path and a backstop on
	--     any future caller that reads the version and then writes it back.
	if not is_new_stream and COALESCE(array_length(event_ids, 1), 0) > 0 then
		update mesh.mt_streams set version = greatest(version, event_version), timestamp = now() where id = stream;
	end if;

	return return_value;
END
$$;

CREATE FUNCTION mesh.mt_safe_unaccent(use_unaccent boolean, word text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT
    AS $$
BEGIN
IF use_unaccent THEN
    RETURN public.unaccent(word);
ELSE
    RETURN word;
END IF;
END;
$$;

SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE mesh.mesh_access_log (
    minute timestamp with time zone NOT NULL,
    subject text NOT NULL,
    action text NOT NULL,
    reason text NOT NULL,
    count bigint NOT NULL,
    first_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL,
    message text NOT NULL,
    peer text NOT NULL
);

CREATE TABLE mesh.mesh_feed (
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    id bigint NOT NULL,
    stream text NOT NULL,
    version_before bigint NOT NULL,
    version_after bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    replica text
);

ALTER TABLE mesh.mesh_feed ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME mesh.mesh_feed_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE mesh.mesh_feed_trimmed (
    one boolean DEFAULT true NOT NULL,
    xid xid8 NOT NULL,
    id bigint NOT NULL,
    CONSTRAINT mesh_feed_trimmed_one_check CHECK (one)
);

CREATE TABLE mesh.mesh_orphan (
    provider_id text NOT NULL,
    workspace_id text NOT NULL,
    generation bigint NOT NULL,
    state text NOT NULL,
    name text NOT NULL,
    image text NOT NULL,
    cpu text NOT NULL,
    memory text NOT NULL,
    disk text NOT NULL,
    command text[] NOT NULL,
    storage_class text NOT NULL,
    first_seen timestamp with time zone DEFAULT now() NOT NULL,
    last_seen timestamp with time zone DEFAULT now() NOT NULL,
    env_names text[] DEFAULT '{}'::text[] NOT NULL,
    env_values text[] DEFAULT '{}'::text[] NOT NULL,
    env_from text[] DEFAULT '{}'::text[] NOT NULL,
    restarted bigint DEFAULT 0 NOT NULL
);

CREATE TABLE mesh.mesh_orphan_rest (
    provider_id text NOT NULL,
    count integer NOT NULL
);

CREATE TABLE mesh.mesh_replica (
    id text NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    renewed_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE mesh.mesh_request (
    caller text NOT NULL,
    method text NOT NULL,
    request_id text NOT NULL,
    hash bytea NOT NULL,
    subject text NOT NULL,
    response bytea,
    at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE mesh.mt_doc_deadletterevent (
    id uuid NOT NULL,
    data jsonb NOT NULL,
    mt_last_modified timestamp with time zone DEFAULT transaction_timestamp(),
    mt_version uuid DEFAULT (md5(((random())::text || (clock_timestamp())::text)))::uuid NOT NULL,
    mt_dotnet_type character varying
);

CREATE TABLE mesh.mt_doc_meshdeployment (
    id character varying NOT NULL,
    data jsonb NOT NULL,
    mt_last_modified timestamp with time zone DEFAULT transaction_timestamp(),
    mt_dotnet_type character varying,
    mt_version bigint DEFAULT 0 NOT NULL
);

CREATE TABLE mesh.mt_doc_organization (
    id character varying NOT NULL,
    data jsonb NOT NULL,
    mt_last_modified timestamp with time zone DEFAULT transaction_timestamp(),
    mt_dotnet_type character varying,
    mt_version bigint DEFAULT 0 NOT NULL
);

CREATE TABLE mesh.mt_doc_provider (
    id character varying NOT NULL,
    data jsonb NOT NULL,
    mt_last_modified timestamp with time zone DEFAULT transaction_timestamp(),
    mt_dotnet_type character varying,
    mt_version bigint DEFAULT 0 NOT NULL
);

CREATE TABLE mesh.mt_doc_providerpresence (
    id character varying NOT NULL,
    data jsonb NOT NULL,
    mt_last_modified timestamp with time zone DEFAULT transaction_timestamp(),
    mt_dotnet_type character varying,
    mt_version bigint DEFAULT 0 NOT NULL
);

CREATE TABLE mesh.mt_doc_tokenrecord (
    id character varying NOT NULL,
    data jsonb NOT NULL,
    mt_last_modified timestamp with time zone DEFAULT transaction_timestamp(),
    mt_version uuid DEFAULT (md5(((random())::text || (clock_timestamp())::text)))::uuid NOT NULL,
    mt_dotnet_type character varying
);

CREATE TABLE mesh.mt_doc_workspace (
    id character varying NOT NULL,
    data jsonb NOT NULL,
    mt_last_modified timestamp with time zone DEFAULT transaction_timestamp(),
    mt_dotnet_type character varying,
    mt_version bigint DEFAULT 0 NOT NULL
);

CREATE TABLE mesh.mt_event_progression (
    name character varying NOT NULL,
    last_seq_id bigint,
    last_updated timestamp with time zone DEFAULT transaction_timestamp(),
    mode character varying DEFAULT 'none'::character varying,
    rebuild_threshold integer DEFAULT 0,
    assigned_node integer DEFAULT 0,
    heartbeat timestamp with time zone,
    agent_status character varying(20),
    pause_reason text,
    running_on_node integer,
    warning_behind_threshold bigint,
    critical_behind_threshold bigint,
    failure_category character varying(50),
    failure_event_sequence bigint,
    failure_event_type character varying(500),
    failure_event_tenant_id character varying(500)
);

CREATE TABLE mesh.mt_event_projection_floors (
    name character varying NOT NULL,
    tenant_id character varying NOT NULL,
    floor bigint NOT NULL,
    last_updated timestamp with time zone DEFAULT transaction_timestamp()
);

CREATE TABLE mesh.mt_events (
    seq_id bigint NOT NULL,
    id uuid NOT NULL,
    stream_id character varying,
    version bigint NOT NULL,
    data jsonb NOT NULL,
    bdata bytea,
    type character varying(500) NOT NULL,
    "timestamp" timestamp with time zone DEFAULT '2026-11-29 04:22:38.973405+00'::timestamp with time zone NOT NULL,
    tenant_id character varying DEFAULT '*DEFAULT*'::character varying,
    mt_dotnet_type character varying,
    correlation_id character varying,
    causation_id character varying,
    headers jsonb,
    user_name character varying,
    is_archived boolean DEFAULT false
);

CREATE SEQUENCE mesh.mt_events_sequence
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE mesh.mt_events_sequence OWNED BY mesh.mt_events.seq_id;

CREATE TABLE mesh.mt_high_water_skips (
    ending_sequence bigint NOT NULL,
    starting_sequence bigint NOT NULL,
    "timestamp" timestamp with time zone DEFAULT transaction_timestamp()
);

CREATE TABLE mesh.mt_streams (
    id character varying NOT NULL,
    type character varying,
    version bigint,
    "timestamp" timestamp with time zone DEFAULT now() NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id character varying DEFAULT '*DEFAULT*'::character varying,
    compacted_version bigint DEFAULT 0 NOT NULL,
    is_archived boolean DEFAULT false
);

INSERT INTO mesh.mesh_access_log VALUES
	('2026-11-29 04:23:00+00', 'provider:01a2258a720b73e08a336b4a75d09efc', 'attach', 'ATTACHED', 1, '2026-11-29 04:23:16.05446+00', '2026-11-29 04:23:16.05446+00', '', '127.0.0.1'),
	('2026-11-29 04:23:00+00', 'provider:01a2258b02b776d4887be1dcb54f3f6a', 'attach', 'ATTACHED', 1, '2026-11-29 04:23:18.485369+00', '2026-11-29 04:23:18.485369+00', '', '127.0.0.1');

INSERT INTO mesh.mesh_feed OVERRIDING SYSTEM VALUE VALUES
	('729', 1, 'deployment', 0, 2, '2026-11-29 04:22:40.900845+00', 'ffb23bcb78cd4262a152479b10226560'),
	('729', 2, 'provider-01a2258a720b73e08a336b4a75d09efc', 0, 1, '2026-11-29 04:22:40.900845+00', 'ffb23bcb78cd4262a152479b10226560'),
	('729', 3, 'presence-01a2258a720b73e08a336b4a75d09efc', 0, 1, '2026-11-29 04:22:40.900845+00', 'ffb23bcb78cd4262a152479b10226560'),
	('729', 4, 'organization-01a2258a720b7af5bc9694893f43b9c7', 0, 2, '2026-11-29 04:22:40.900845+00', 'ffb23bcb78cd4262a152479b10226560'),
	('731', 5, 'provider-01a2258a720b73e08a336b4a75d09efc', 1, 2, '2026-11-29 04:22:41.899092+00', 'ffb23bcb78cd4262a152479b10226560'),
	('751', 6, 'presence-01a2258a720b73e08a336b4a75d09efc', 1, 4, '2026-11-29 04:23:16.034098+00', 'ffb23bcb78cd4262a152479b10226560'),
	('753', 7, 'provider-01a2258b02b776d4887be1dcb54f3f6a', 0, 2, '2026-11-29 04:23:16.921948+00', 'ffb23bcb78cd4262a152479b10226560'),
	('753', 8, 'presence-01a2258b02b776d4887be1dcb54f3f6a', 0, 1, '2026-11-29 04:23:16.921948+00', 'ffb23bcb78cd4262a152479b10226560'),
	('756', 9, 'presence-01a2258b02b776d4887be1dcb54f3f6a', 1, 4, '2026-11-29 04:23:18.473626+00', 'ffb23bcb78cd4262a152479b10226560'),
	('757', 10, 'provider-01a2258b0ae37bb58db87d55b7a90273', 0, 2, '2026-11-29 04:23:19.014056+00', 'ffb23bcb78cd4262a152479b10226560'),
	('757', 11, 'presence-01a2258b0ae37bb58db87d55b7a90273', 0, 1, '2026-11-29 04:23:19.014056+00', 'ffb23bcb78cd4262a152479b10226560'),
	('758', 12, 'presence-01a2258a720b73e08a336b4a75d09efc', 4, 5, '2026-11-29 04:23:20.178211+00', 'ffb23bcb78cd4262a152479b10226560'),
	('760', 13, 'provider-01a2258b0ae37bb58db87d55b7a90273', 2, 3, '2026-11-29 04:23:20.842292+00', 'ffb23bcb78cd4262a152479b10226560'),
	('760', 14, 'presence-01a2258b0ae37bb58db87d55b7a90273', 1, 2, '2026-11-29 04:23:20.842292+00', 'ffb23bcb78cd4262a152479b10226560'),
	('761', 15, 'provider-01a2258b18047c58a85d782329016692', 0, 2, '2026-11-29 04:23:22.37622+00', 'ffb23bcb78cd4262a152479b10226560'),
	('761', 16, 'presence-01a2258b18047c58a85d782329016692', 0, 1, '2026-11-29 04:23:22.37622+00', 'ffb23bcb78cd4262a152479b10226560'),
	('764', 17, 'presence-01a2258b02b776d4887be1dcb54f3f6a', 4, 5, '2026-11-29 04:23:22.925865+00', 'ffb23bcb78cd4262a152479b10226560'),
	('765', 18, 'provider-01a2258b18047c58a85d782329016692', 2, 3, '2026-11-29 04:23:23.824217+00', 'ffb23bcb78cd4262a152479b10226560'),
	('767', 19, 'organization-01a2258b256676949fedc0d9929a7914', 0, 2, '2026-11-29 04:23:25.798915+00', 'ffb23bcb78cd4262a152479b10226560'),
	('769', 20, 'organization-01a2258b256676949fedc0d9929a7914', 2, 3, '2026-11-29 04:23:26.918976+00', 'ffb23bcb78cd4262a152479b10226560'),
	('770', 21, 'organization-01a2258a720b7af5bc9694893f43b9c7', 2, 3, '2026-11-29 04:23:28.022668+00', 'ffb23bcb78cd4262a152479b10226560'),
	('776', 22, 'workspace-01a2258b3dcd71a3aa07dabafe162afd', 0, 1, '2026-11-29 04:23:32.014991+00', 'ffb23bcb78cd4262a152479b10226560'),
	('777', 23, 'workspace-01a2258b3dcd71a3aa07dabafe162afd', 1, 2, '2026-11-29 04:23:32.280845+00', 'ffb23bcb78cd4262a152479b10226560'),
	('780', 24, 'workspace-01a2258b47ad71558b165b718c3a069a', 0, 1, '2026-11-29 04:23:34.570758+00', 'ffb23bcb78cd4262a152479b10226560'),
	('781', 25, 'workspace-01a2258b47ad71558b165b718c3a069a', 1, 2, '2026-11-29 04:23:34.846267+00', 'ffb23bcb78cd4262a152479b10226560'),
	('782', 26, 'workspace-01a2258b47ad71558b165b718c3a069a', 2, 3, '2026-11-29 04:23:34.979871+00', 'ffb23bcb78cd4262a152479b10226560'),
	('785', 27, 'workspace-01a2258b47ad71558b165b718c3a069a', 3, 4, '2026-11-29 04:23:39.462243+00', 'ffb23bcb78cd4262a152479b10226560'),
	('786', 28, 'workspace-01a2258b47ad71558b165b718c3a069a', 4, 5, '2026-11-29 04:23:39.509824+00', 'ffb23bcb78cd4262a152479b10226560'),
	('789', 29, 'workspace-01a2258b695e7213a6b17f606d836af8', 0, 1, '2026-11-29 04:23:43.196542+00', 'ffb23bcb78cd4262a152479b10226560'),
	('790', 30, 'workspace-01a2258b695e7213a6b17f606d836af8', 1, 2, '2026-11-29 04:23:43.230822+00', 'ffb23bcb78cd4262a152479b10226560'),
	('792', 31, 'deployment', 2, 3, '2026-11-29 04:23:45.608283+00', 'ffb23bcb78cd4262a152479b10226560'),
	('806', 32, 'deployment', 3, 4, '2026-11-29 04:23:48.700344+00', 'ffb23bcb78cd4262a152479b10226560'),
	('820', 33, 'workspace-01a2258b695e7213a6b17f606d836af8', 2, 3, '2026-11-29 04:24:15.341973+00', 'ffb23bcb78cd4262a152479b10226560'),
	('821', 34, 'workspace-01a2258b695e7213a6b17f606d836af8', 3, 4, '2026-11-29 04:24:15.381257+00', 'ffb23bcb78cd4262a152479b10226560'),
	('823', 35, 'presence-01a2258b02b776d4887be1dcb54f3f6a', 5, 6, '2026-11-29 04:24:18.194279+00', 'ffb23bcb78cd4262a152479b10226560');

INSERT INTO mesh.mesh_request VALUES
	('admin', '/coder.mesh.v1.ProviderService/CreateProvider', '4229b2a57251484e9941e402df66cec8', '\xb6cfd05eacaf74c6bb2333a496e3f562456df3ff38569a66f70f614c75ced43a', '01a2258b02b776d4887be1dcb54f3f6a', '\x0a203031613232353862303262373764396261366536356263363565306666306434', '2026-11-29 04:23:16.921948+00'),
	('admin', '/coder.mesh.v1.ProviderService/CreateProvider', '96b2a3d0d6634216b5b69c60b7f838d5', '\x37d28a772ea39a9e5eb25c5d9c4051084225c350eb9e5b49d91a45cdb8195467', '01a2258b0ae37bb58db87d55b7a90273', '\x0a203031613232353862306165333765346461373335396433653962643838633338', '2026-11-29 04:23:19.014056+00'),
	('admin', '/coder.mesh.v1.ProviderService/DeleteProvider', '2fb4417cad2e4f36b8acba32dc537d02', '\x9bc5717e5d522fec2016a4675e824ba536e9445e44f6bfb9fe6aa7b5ac22079c', '01a2258b0ae37bb58db87d55b7a90273', NULL, '2026-11-29 04:23:20.842292+00'),
	('admin', '/coder.mesh.v1.ProviderService/CreateProvider', '0d19b04fb6db4b84a409a9ea72852e9d', '\x8c239851096f8ea3a3632bfe959eccee8866682d682546b098167c8f8a645de7', '01a2258b18047c58a85d782329016692', '\x0a203031613232353862313830343732326662303431313036653362613463356138', '2026-11-29 04:23:22.37622+00'),
	('admin', '/coder.mesh.v1.ProviderService/CordonProvider', 'd6064dd8c1e14b349070c82648eaab5e', '\x8384fd3f129ae4577f4dc93a19e8ffca5afe7d2ad7aff0b0427fd3849f7bb2bf', '01a2258b18047c58a85d782329016692', NULL, '2026-11-29 04:23:23.824217+00'),
	('admin', '/coder.mesh.v1.OrganizationService/CreateOrganization', 'e75ccc57bde84b2cb59f2dba8bcf12c8', '\x39244951423f3eb8caeed3dbaa6352ff222fad7f57712e3a3bf740db11b2c94c', '01a2258b256676949fedc0d9929a7914', NULL, '2026-11-29 04:23:25.798915+00'),
	('admin', '/coder.mesh.v1.OrganizationService/AllowProvider', '4ac8e8b83889493b805c2c3d3eb172f0', '\x2aa57a6b82c532746b229a0edfd331fc3cbf7c4638706f313ba604b0b96b984a', '01a2258b256676949fedc0d9929a7914', NULL, '2026-11-29 04:23:26.918976+00'),
	('admin', '/coder.mesh.v1.OrganizationService/AllowProvider', '55e53606aeff475d9961237a899284c5', '\x40a3a458ed1f9d5005f12b79c5bc7dd3a41e8a856701844c49063c2ea727317d', '01a2258a720b7af5bc9694893f43b9c7', NULL, '2026-11-29 04:23:28.022668+00'),
	('admin', '/coder.mesh.v1.WorkspaceService/CreateWorkspace', 'b5ced25b341748dfb3ba9e3dd76af6ca', '\x9323118b52447942c326b7bbda1fb6d60c14f0067494f12709b1dc07610dd95d', '01a2258b3dcd71a3aa07dabafe162afd', NULL, '2026-11-29 04:23:32.014991+00'),
	('admin', '/coder.mesh.v1.WorkspaceService/CreateWorkspace', '6c6d23662acf49f69c7f4a14ed52f2c2', '\x71781148ba7c9c7a99dd4eb33e1a5db205b0260d98fb43ba33ccdcc17971f24a', '01a2258b47ad71558b165b718c3a069a', NULL, '2026-11-29 04:23:34.570758+00'),
	('admin', '/coder.mesh.v1.WorkspaceService/StopWorkspace', '99b0012e914349089d48b7c60a7a1c60', '\x56f8d03b604cbcc40243a25243f4d683705dce8e9b9e25c4a3c263cdeae5a865', '01a2258b47ad71558b165b718c3a069a', NULL, '2026-11-29 04:23:39.462243+00'),
	('admin', '/coder.mesh.v1.WorkspaceService/CreateWorkspace', '1e604f8db30e41b0aa65da5181dcdec9', '\x2f6b884c25e62b1b2ceae43bebe83ed506b6797dabbc793d03511d1a54eef22a', '01a2258b695e7213a6b17f606d836af8', NULL, '2026-11-29 04:23:43.196542+00'),
	('admin', '/coder.mesh.v1.DeploymentService/SetAccessUrl', 'b9ac5ee22c084739ad467f686247708c', '\xb40a6a18e46696a2b770a7193d9bc0ca268e6e1415858f70dc299fe8a85a55c6', '01a2258a720b797e9dff461bdff704fb', NULL, '2026-11-29 04:23:45.608283+00'),
	('admin', '/coder.mesh.v1.ProviderService/SetDefaultProvider', '9dc4566659c244fca40e0b0279ee0a68', '\xf876cb66e4064c16e6b82d39664dbf38f743238cea26d24aa8d0a87e1d4cbc0b', '01a2258b02b776d4887be1dcb54f3f6a', NULL, '2026-11-29 04:23:48.700344+00'),
	('admin', '/coder.mesh.v1.WorkspaceService/DeleteWorkspace', '4ee2dd747f26421aac3566a2db0f1369', '\x7962a84786a33f3a773802a04048d7033350621634743e25439facf6931e6a20', '01a2258b695e7213a6b17f606d836af8', NULL, '2026-11-29 04:24:15.341973+00');

INSERT INTO mesh.mt_doc_meshdeployment VALUES
	('deployment', '{"Id": "deployment", "Version": 4, "AccessUrl": "https://mesh.example.com", "DeploymentId": "01a2258a720b797e9dff461bdff704fb", "DefaultProviderId": "01a2258b02b776d4887be1dcb54f3f6a"}', '2026-11-29 04:23:48.700344+00', 'Coder.Mesh.ControlPlane.Deployment.MeshDeployment', 4);

INSERT INTO mesh.mt_doc_organization VALUES
	('organization-01a2258b256676949fedc0d9929a7914', '{"Id": "organization-01a2258b256676949fedc0d9929a7914", "Name": "acme", "Deleted": false, "Version": 3, "CreatedAt": "2026-11-29T04:23:25.798257+00:00", "OrganizationId": "01a2258b256676949fedc0d9929a7914", "AllowedProviders": ["01a2258a720b73e08a336b4a75d09efc", "01a2258b02b776d4887be1dcb54f3f6a"]}', '2026-11-29 04:23:26.918976+00', 'Coder.Mesh.ControlPlane.Organizations.Organization', 3),
	('organization-01a2258a720b7af5bc9694893f43b9c7', '{"Id": "organization-01a2258a720b7af5bc9694893f43b9c7", "Name": "default", "Deleted": false, "Version": 3, "CreatedAt": "2026-11-29T04:22:39.883801+00:00", "OrganizationId": "01a2258a720b7af5bc9694893f43b9c7", "AllowedProviders": ["01a2258a720b73e08a336b4a75d09efc", "01a2258b02b776d4887be1dcb54f3f6a"]}', '2026-11-29 04:23:28.022668+00', 'Coder.Mesh.ControlPlane.Organizations.Organization', 3);

INSERT INTO mesh.mt_doc_provider VALUES
	('provider-01a2258a720b73e08a336b4a75d09efc', '{"Id": "provider-01a2258a720b73e08a336b4a75d09efc", "Kind": "BuiltIn", "Name": "built-in", "Cordon": null, "Tokens": [{"Hash": "3ab900dd46bf94260565caaeb694cc6c79b6b3095f81a7c37e6d15cd87656959", "TokenId": "01a2258a79d27bd39a4754caea7a022d", "IssuedAt": "2026-11-29T04:22:41.8760575+00:00"}], "Deleted": false, "Details": {"Region": "", "Hostname": "", "Workspaces": {"Affinity": null, "Tolerations": [], "NodeSelector": {}, "ServiceAccountAnnotations": {}}, "StorageClass": "", "MaxWorkspaces": 0, "ClusterAddress": ""}, "Version": 2, "CreatedAt": "2026-11-29T04:22:39.883801+00:00", "ProviderId": "01a2258a720b73e08a336b4a75d09efc"}', '2026-11-29 04:22:41.899092+00', 'Coder.Mesh.ControlPlane.Providers.Provider', 2),
	('provider-01a2258b02b776d4887be1dcb54f3f6a', '{"Id": "provider-01a2258b02b776d4887be1dcb54f3f6a", "Kind": "Remote", "Name": "west", "Cordon": null, "Tokens": [{"Hash": "6dee772a370ed4812a017bc98814da2713fdd0446a757bbdb59ade8072b7bee2", "TokenId": "01a2258b02b77d9ba6e65bc65e0ff0d4", "IssuedAt": "2026-11-29T04:23:16.919442+00:00"}], "Deleted": false, "Details": {"Region": "eu", "Hostname": "", "Workspaces": {"Affinity": null, "Tolerations": [], "NodeSelector": {}, "ServiceAccountAnnotations": {}}, "StorageClass": "", "MaxWorkspaces": 0, "ClusterAddress": ""}, "Version": 2, "CreatedAt": "2026-11-29T04:23:16.919442+00:00", "ProviderId": "01a2258b02b776d4887be1dcb54f3f6a"}', '2026-11-29 04:23:16.921948+00', 'Coder.Mesh.ControlPlane.Providers.Provider', 2),
	('provider-01a2258b0ae37bb58db87d55b7a90273', '{"Id": "provider-01a2258b0ae37bb58db87d55b7a90273", "Kind": "Remote", "Name": "gone", "Cordon": null, "Tokens": [], "Deleted": true, "Details": {"Region": "", "Hostname": "", "Workspaces": {"Affinity": null, "Tolerations": [], "NodeSelector": {}, "ServiceAccountAnnotations": {}}, "StorageClass": "", "MaxWorkspaces": 0, "ClusterAddress": ""}, "Version": 3, "CreatedAt": "2026-11-29T04:23:19.0116151+00:00", "ProviderId": "01a2258b0ae37bb58db87d55b7a90273"}', '2026-11-29 04:23:20.842292+00', 'Coder.Mesh.ControlPlane.Providers.Provider', 3),
	('provider-01a2258b18047c58a85d782329016692', '{"Id": "provider-01a2258b18047c58a85d782329016692", "Kind": "Remote", "Name": "east", "Cordon": {"At": "2026-11-29T04:23:23.8118284+00:00", "User": "admin", "Reason": "maintenance"}, "Tokens": [{"Hash": "6c6ae4a100e4dd3571b89be46ade4c0e8ff43bf55152a07b60030d6d040b038a", "TokenId": "01a2258b1804722fb041106e3ba4c5a8", "IssuedAt": "2026-11-29T04:23:22.3728462+00:00"}], "Deleted": false, "Details": {"Region": "us", "Hostname": "", "Workspaces": {"Affinity": null, "Tolerations": [], "NodeSelector": {}, "ServiceAccountAnnotations": {}}, "StorageClass": "", "MaxWorkspaces": 0, "ClusterAddress": ""}, "Version": 3, "CreatedAt": "2026-11-29T04:23:22.3728462+00:00", "ProviderId": "01a2258b18047c58a85d782329016692"}', '2026-11-29 04:23:23.824217+00', 'Coder.Mesh.ControlPlane.Providers.Provider', 3);

INSERT INTO mesh.mt_doc_providerpresence VALUES
	('presence-01a2258a720b73e08a336b4a75d09efc', '{"Id": "presence-01a2258a720b73e08a336b4a75d09efc", "Code": "", "Agent": {"Driver": "simulated", "AccessUrl": "http://127.0.0.1:27440", "Namespace": "simulated", "InstanceId": "a2b0dce83e1944f5bc7aa078f86967b0", "AgentVersion": "0.1.0-dev.136+b7b1382005d9bfdcee0c2bcad49189980749f5c3", "NamespaceUid": "0e0cb25d-811c-4d4d-9f6a-8b0a5a2a9afb", "KubernetesVersion": "simulated"}, "Ended": false, "Epoch": 1, "Status": "Ready", "Message": "", "Offered": null, "OwnerId": "e1b94d2bcd724a88a2a9f30eef776d9d", "Version": 5, "Attached": true, "StatusAt": "2026-11-29T04:23:15.9594828+00:00", "ReplicaId": "ffb23bcb78cd4262a152479b10226560", "AgentSince": "2026-11-29T04:23:15.9594828+00:00", "Conditions": [{"Code": "", "Type": "ClusterReachable", "Since": "2026-11-29T04:23:15.2865443+00:00", "Status": "True", "Message": "The cluster is simulated."}, {"Code": "", "Type": "NamespaceReady", "Since": "2026-11-29T04:23:15.2865443+00:00", "Status": "True", "Message": "The cluster is simulated."}, {"Code": "", "Type": "PermissionsSufficient", "Since": "2026-11-29T04:23:15.2865443+00:00", "Status": "True", "Message": "The cluster is simulated."}, {"Code": "", "Type": "ClockSynced", "Since": "2026-11-29T04:23:20.1161019+00:00", "Status": "True", "Message": ""}], "ProviderId": "01a2258a720b73e08a336b4a75d09efc", "UsedTokens": ["01a2258a79d27bd39a4754caea7a022d"], "NamespaceUid": "0e0cb25d-811c-4d4d-9f6a-8b0a5a2a9afb", "RecentErrors": []}', '2026-11-29 04:23:20.178211+00', 'Coder.Mesh.ControlPlane.Presence.ProviderPresence', 5),
	('presence-01a2258b0ae37bb58db87d55b7a90273', '{"Id": "presence-01a2258b0ae37bb58db87d55b7a90273", "Code": "", "Agent": null, "Ended": true, "Epoch": 0, "Status": "Pending", "Message": "", "Offered": null, "OwnerId": "", "Version": 2, "Attached": false, "StatusAt": "2026-11-29T04:23:19.0116151+00:00", "ReplicaId": "", "AgentSince": null, "Conditions": [], "ProviderId": "01a2258b0ae37bb58db87d55b7a90273", "UsedTokens": [], "NamespaceUid": null, "RecentErrors": []}', '2026-11-29 04:23:20.842292+00', 'Coder.Mesh.ControlPlane.Presence.ProviderPresence', 2),
	('presence-01a2258b18047c58a85d782329016692', '{"Id": "presence-01a2258b18047c58a85d782329016692", "Code": "", "Agent": null, "Ended": false, "Epoch": 0, "Status": "Pending", "Message": "", "Offered": null, "OwnerId": "", "Version": 1, "Attached": false, "StatusAt": "2026-11-29T04:23:22.3728462+00:00", "ReplicaId": "", "AgentSince": null, "Conditions": [], "ProviderId": "01a2258b18047c58a85d782329016692", "UsedTokens": [], "NamespaceUid": null, "RecentErrors": []}', '2026-11-29 04:23:22.37622+00', 'Coder.Mesh.ControlPlane.Presence.ProviderPresence', 1),
	('presence-01a2258b02b776d4887be1dcb54f3f6a', '{"Id": "presence-01a2258b02b776d4887be1dcb54f3f6a", "Code": "", "Agent": {"Driver": "simulated", "AccessUrl": "http://127.0.0.1:27440", "Namespace": "simulated", "InstanceId": "0844ce02d6774eb7a7fa30785b1d312f", "AgentVersion": "0.1.0-dev.136+b7b1382005d9bfdcee0c2bcad49189980749f5c3", "NamespaceUid": "79e18e95-ea79-4ee6-adf1-815fe8c3c4e8", "KubernetesVersion": "simulated"}, "Ended": false, "Epoch": 1, "Status": "Ready", "Message": "", "Offered": null, "OwnerId": "e88a2d8895414886b4b79645759fdead", "Version": 6, "Attached": false, "StatusAt": "2026-11-29T04:23:18.4690539+00:00", "ReplicaId": "ffb23bcb78cd4262a152479b10226560", "AgentSince": "2026-11-29T04:24:18.1639592+00:00", "Conditions": [{"Code": "", "Type": "ClusterReachable", "Since": "2026-11-29T04:23:17.9459912+00:00", "Status": "True", "Message": "The cluster is simulated."}, {"Code": "", "Type": "NamespaceReady", "Since": "2026-11-29T04:23:17.9459912+00:00", "Status": "True", "Message": "The cluster is simulated."}, {"Code": "", "Type": "PermissionsSufficient", "Since": "2026-11-29T04:23:17.9459912+00:00", "Status": "True", "Message": "The cluster is simulated."}, {"Code": "", "Type": "ClockSynced", "Since": "2026-11-29T04:23:22.900704+00:00", "Status": "True", "Message": ""}], "ProviderId": "01a2258b02b776d4887be1dcb54f3f6a", "UsedTokens": ["01a2258b02b77d9ba6e65bc65e0ff0d4"], "NamespaceUid": "79e18e95-ea79-4ee6-adf1-815fe8c3c4e8", "RecentErrors": []}', '2026-11-29 04:24:18.194279+00', 'Coder.Mesh.ControlPlane.Presence.ProviderPresence', 6);

INSERT INTO mesh.mt_doc_tokenrecord VALUES
	('3a566fb2868951d1b79cebf9f7210d7cfbf82108e3a6651f961b81714855696d', '{"Id": "3a566fb2868951d1b79cebf9f7210d7cfbf82108e3a6651f961b81714855696d", "Kind": "Api", "Subject": "admin", "TokenId": "01a2258a76b47b82a463a8816792872b", "IssuedAt": "2026-11-29T04:22:41.0767689+00:00"}', '2026-11-29 04:22:41.17225+00', '01a2258a-7713-41bb-b584-26ce569cfd76', 'Coder.Mesh.ControlPlane.Identity.TokenRecord'),
	('3ab900dd46bf94260565caaeb694cc6c79b6b3095f81a7c37e6d15cd87656959', '{"Id": "3ab900dd46bf94260565caaeb694cc6c79b6b3095f81a7c37e6d15cd87656959", "Kind": "Provider", "Subject": "01a2258a720b73e08a336b4a75d09efc", "TokenId": "01a2258a79d27bd39a4754caea7a022d", "IssuedAt": "2026-11-29T04:22:41.8760575+00:00"}', '2026-11-29 04:22:41.899092+00', '01a2258a-7b30-497d-a845-d54ca7ade14c', 'Coder.Mesh.ControlPlane.Identity.TokenRecord'),
	('7059bd4d71778641068aeba37709d836c4b133bdceb5e4aebecc526e592236c3', '{"Id": "7059bd4d71778641068aeba37709d836c4b133bdceb5e4aebecc526e592236c3", "Kind": "Api", "Subject": "admin", "TokenId": "01a2258a928e7670933f105371bc4342", "IssuedAt": "2026-11-29T04:22:48.2065305+00:00"}', '2026-11-29 04:22:48.482239+00', '01a2258a-935d-4d61-961d-3a14c0093c5f', 'Coder.Mesh.ControlPlane.Identity.TokenRecord'),
	('6dee772a370ed4812a017bc98814da2713fdd0446a757bbdb59ade8072b7bee2', '{"Id": "6dee772a370ed4812a017bc98814da2713fdd0446a757bbdb59ade8072b7bee2", "Kind": "Provider", "Subject": "01a2258b02b776d4887be1dcb54f3f6a", "TokenId": "01a2258b02b77d9ba6e65bc65e0ff0d4", "IssuedAt": "2026-11-29T04:23:16.919442+00:00"}', '2026-11-29 04:23:16.921948+00', '01a2258b-02bc-4b50-bca6-1c1fbb2e7c2e', 'Coder.Mesh.ControlPlane.Identity.TokenRecord'),
	('66b205cf5c55647252be5a6d42aeae080adbdd8883b152918ace7ba9632f0154', '{"Id": "66b205cf5c55647252be5a6d42aeae080adbdd8883b152918ace7ba9632f0154", "Kind": "Provider", "Subject": "01a2258b0ae37bb58db87d55b7a90273", "TokenId": "01a2258b0ae37e4da7359d3e9bd88c38", "IssuedAt": "2026-11-29T04:23:19.0116151+00:00"}', '2026-11-29 04:23:19.014056+00', '01a2258b-0aec-48c7-8277-53d7656a1749', 'Coder.Mesh.ControlPlane.Identity.TokenRecord'),
	('6c6ae4a100e4dd3571b89be46ade4c0e8ff43bf55152a07b60030d6d040b038a', '{"Id": "6c6ae4a100e4dd3571b89be46ade4c0e8ff43bf55152a07b60030d6d040b038a", "Kind": "Provider", "Subject": "01a2258b18047c58a85d782329016692", "TokenId": "01a2258b1804722fb041106e3ba4c5a8", "IssuedAt": "2026-11-29T04:23:22.3728462+00:00"}', '2026-11-29 04:23:22.37622+00', '01a2258b-1809-4699-9788-82d57dc29d6c', 'Coder.Mesh.ControlPlane.Identity.TokenRecord');

INSERT INTO mesh.mt_doc_workspace VALUES
	('workspace-01a2258b3dcd71a3aa07dabafe162afd', '{"Id": "workspace-01a2258b3dcd71a3aa07dabafe162afd", "Name": "dev", "Spec": {"Cpu": "1", "Env": {}, "Disk": "10Gi", "Image": "ubuntu:24.04", "Memory": "2Gi", "Command": [], "EnvFrom": []}, "Owner": "admin", "State": "Running", "Desired": "Running", "Details": {"Affinity": null, "Tolerations": [], "NodeSelector": {}, "ServiceAccountAnnotations": {}}, "StateAt": "2026-11-29T04:23:32.2146554+00:00", "Version": 2, "Finished": false, "Timeline": {"Ids": ["74148421/volume_bound", "74148421-1/Scheduled", "74148421-1/ImagePulling", "74148421-1/ImagePulled", "74148421-1/Started", "74148421-1/Ready"], "Count": 6, "Volume": "74148421/volume_bound", "Generation": 1}, "CreatedAt": "2026-11-29T04:23:32.0452634+00:00", "StateCode": "", "Generation": 1, "OwnerEmail": "", "ProviderId": "01a2258b02b776d4887be1dcb54f3f6a", "Traceparent": "00-784e439bc418dd97a58aa48d293f338e-078a7a78b69503d9-00", "WorkspaceId": "01a2258b3dcd71a3aa07dabafe162afd", "StateMessage": "Simulated.", "StorageClass": "", "ObservedEpoch": 1, "OrganizationId": "01a2258a720b7af5bc9694893f43b9c7", "ObservedVersion": 2, "RestartGeneration": 0, "ObservedGeneration": 1}', '2026-11-29 04:23:32.280845+00', 'Coder.Mesh.ControlPlane.Workspaces.Workspace', 2),
	('workspace-01a2258b47ad71558b165b718c3a069a', '{"Id": "workspace-01a2258b47ad71558b165b718c3a069a", "Name": "web", "Spec": {"Cpu": "1", "Env": {}, "Disk": "10Gi", "Image": "ubuntu:24.04", "Memory": "2Gi", "Command": [], "EnvFrom": []}, "Owner": "admin", "State": "Stopped", "Desired": "Stopped", "Details": {"Affinity": null, "Tolerations": [], "NodeSelector": {}, "ServiceAccountAnnotations": {}}, "StateAt": "2026-11-29T04:23:39.5083501+00:00", "Version": 5, "Finished": false, "Timeline": {"Ids": ["40ab1d9a/volume_bound", "40ab1d9a-1/Scheduled", "40ab1d9a-1/ImagePulling", "40ab1d9a-1/ImagePulled", "40ab1d9a-1/Started", "40ab1d9a-1/Ready", "2/stopped"], "Count": 1, "Volume": "40ab1d9a/volume_bound", "Generation": 2}, "CreatedAt": "2026-11-29T04:23:34.5730948+00:00", "StateCode": "", "Generation": 2, "OwnerEmail": "", "ProviderId": "01a2258a720b73e08a336b4a75d09efc", "Traceparent": "00-572addafb43754aed6aafd106baaef4a-347834acef4f676d-00", "WorkspaceId": "01a2258b47ad71558b165b718c3a069a", "StateMessage": "Simulated.", "StorageClass": "", "ObservedEpoch": 1, "OrganizationId": "01a2258b256676949fedc0d9929a7914", "ObservedVersion": 3, "RestartGeneration": 0, "ObservedGeneration": 2}', '2026-11-29 04:23:39.509824+00', 'Coder.Mesh.ControlPlane.Workspaces.Workspace', 5),
	('workspace-01a2258b695e7213a6b17f606d836af8', '{"Id": "workspace-01a2258b695e7213a6b17f606d836af8", "Name": "old", "Spec": {"Cpu": "1", "Env": {}, "Disk": "10Gi", "Image": "ubuntu:24.04", "Memory": "2Gi", "Command": [], "EnvFrom": []}, "Owner": "admin", "State": "Deleted", "Desired": "Deleted", "Details": {"Affinity": null, "Tolerations": [], "NodeSelector": {}, "ServiceAccountAnnotations": {}}, "StateAt": "2026-11-29T04:24:15.3805589+00:00", "Version": 4, "Finished": true, "Timeline": {"Ids": ["9f6716e7/volume_bound", "9f6716e7-1/Scheduled", "9f6716e7-1/ImagePulling", "9f6716e7-1/ImagePulled", "9f6716e7-1/Started", "9f6716e7-1/Ready"], "Count": 6, "Volume": "9f6716e7/volume_bound", "Generation": 1}, "CreatedAt": "2026-11-29T04:23:43.1983439+00:00", "StateCode": "", "Generation": 2, "OwnerEmail": "", "ProviderId": "01a2258b02b776d4887be1dcb54f3f6a", "Traceparent": "00-05199bdc92e071b73217d11b7e5ccf5f-c75cc4186a972713-00", "WorkspaceId": "01a2258b695e7213a6b17f606d836af8", "StateMessage": "", "StorageClass": "", "ObservedEpoch": 1, "OrganizationId": "01a2258a720b7af5bc9694893f43b9c7", "ObservedVersion": 4, "RestartGeneration": 0, "ObservedGeneration": 2}', '2026-11-29 04:24:15.381257+00', 'Coder.Mesh.ControlPlane.Workspaces.Workspace', 4);

INSERT INTO mesh.mt_events VALUES
	(1, 'c8ce154f-f47e-4ee1-8b64-e2cfbe98923c', 'deployment', 1, '{"At": "2026-11-29T04:22:39.883801+00:00", "DeploymentId": "01a2258a720b797e9dff461bdff704fb"}', NULL, 'deployment.initialized.v1', '2026-11-29 04:22:39.935522+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Deployment.DeploymentInitialized, mesh-control-plane', NULL, NULL, NULL, 'first-start', false),
	(2, '506ff51e-740a-4ee1-bcb3-1c0866157d17', 'deployment', 2, '{"ProviderId": "01a2258a720b73e08a336b4a75d09efc"}', NULL, 'deployment.default_provider_set.v1', '2026-11-29 04:22:39.935522+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Deployment.DefaultProviderSet, mesh-control-plane', NULL, NULL, NULL, 'first-start', false),
	(3, 'fd890e22-47a2-44ed-96c2-149aa556be9b', 'provider-01a2258a720b73e08a336b4a75d09efc', 1, '{"At": "2026-11-29T04:22:39.883801+00:00", "Kind": "BuiltIn", "Name": "built-in", "Details": {"Region": "", "Hostname": "", "Workspaces": {"Affinity": null, "Tolerations": [], "NodeSelector": {}, "ServiceAccountAnnotations": {}}, "StorageClass": "", "MaxWorkspaces": 0, "ClusterAddress": ""}, "ProviderId": "01a2258a720b73e08a336b4a75d09efc"}', NULL, 'provider.registered.v1', '2026-11-29 04:22:39.939034+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Providers.ProviderRegistered, mesh-control-plane', NULL, NULL, NULL, 'first-start', false),
	(4, 'b5a7cacb-d008-485b-9881-6a3ac7db64cb', 'presence-01a2258a720b73e08a336b4a75d09efc', 1, '{"At": "2026-11-29T04:22:39.883801+00:00", "ProviderId": "01a2258a720b73e08a336b4a75d09efc"}', NULL, 'presence.started.v1', '2026-11-29 04:22:39.939104+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Presence.PresenceStarted, mesh-control-plane', NULL, NULL, NULL, 'first-start', false),
	(5, 'f069d6c7-b21b-4970-9b11-fca0e3152e4e', 'organization-01a2258a720b7af5bc9694893f43b9c7', 1, '{"At": "2026-11-29T04:22:39.883801+00:00", "Name": "default", "OrganizationId": "01a2258a720b7af5bc9694893f43b9c7"}', NULL, 'organization.created.v1', '2026-11-29 04:22:39.939122+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Organizations.OrganizationCreated, mesh-control-plane', NULL, NULL, NULL, 'first-start', false),
	(6, '43dae44c-9bd9-4766-afaa-6f5828f56ae3', 'organization-01a2258a720b7af5bc9694893f43b9c7', 2, '{"ProviderId": "01a2258a720b73e08a336b4a75d09efc"}', NULL, 'organization.provider_allowed.v1', '2026-11-29 04:22:39.939122+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Organizations.ProviderAllowed, mesh-control-plane', NULL, NULL, NULL, 'first-start', false),
	(7, '05605d41-6be4-4523-af81-a19048dc2ebc', 'provider-01a2258a720b73e08a336b4a75d09efc', 2, '{"At": "2026-11-29T04:22:41.8760575+00:00", "Hash": "3ab900dd46bf94260565caaeb694cc6c79b6b3095f81a7c37e6d15cd87656959", "TokenId": "01a2258a79d27bd39a4754caea7a022d"}', NULL, 'provider.token_issued.v1', '2026-11-29 04:22:41.899092+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Providers.ProviderTokenIssued, mesh-control-plane', NULL, NULL, 'null', 'local', false),
	(8, '3e181306-247d-4b2a-97d5-ccc65949a338', 'presence-01a2258a720b73e08a336b4a75d09efc', 2, '{"At": "2026-11-29T04:23:15.9594828+00:00", "Agent": {"Driver": "simulated", "AccessUrl": "http://127.0.0.1:27440", "Namespace": "simulated", "InstanceId": "a2b0dce83e1944f5bc7aa078f86967b0", "AgentVersion": "0.1.0-dev.136+b7b1382005d9bfdcee0c2bcad49189980749f5c3", "NamespaceUid": "0e0cb25d-811c-4d4d-9f6a-8b0a5a2a9afb", "KubernetesVersion": "simulated"}, "Epoch": 1, "OwnerId": "e1b94d2bcd724a88a2a9f30eef776d9d", "TokenId": "01a2258a79d27bd39a4754caea7a022d", "ReplicaId": "ffb23bcb78cd4262a152479b10226560"}', NULL, 'presence.agent_connected.v1', '2026-11-29 04:23:16.034098+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Presence.AgentConnected, mesh-control-plane', NULL, NULL, 'null', 'agent:01a2258a720b73e08a336b4a75d09efc', false),
	(9, '88108699-be9a-40a4-ac72-569e8418793b', 'presence-01a2258a720b73e08a336b4a75d09efc', 3, '{"Epoch": 1, "Conditions": [{"Code": "", "Type": "ClusterReachable", "Since": "2026-11-29T04:23:15.2865443+00:00", "Status": "True", "Message": "The cluster is simulated."}, {"Code": "", "Type": "NamespaceReady", "Since": "2026-11-29T04:23:15.2865443+00:00", "Status": "True", "Message": "The cluster is simulated."}, {"Code": "", "Type": "PermissionsSufficient", "Since": "2026-11-29T04:23:15.2865443+00:00", "Status": "True", "Message": "The cluster is simulated."}]}', NULL, 'presence.conditions_reported.v1', '2026-11-29 04:23:16.034098+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Presence.ConditionsReported, mesh-control-plane', NULL, NULL, 'null', 'agent:01a2258a720b73e08a336b4a75d09efc', false),
	(10, '4dcd8489-6594-41d7-b26d-7e63e993b22a', 'presence-01a2258a720b73e08a336b4a75d09efc', 4, '{"At": "2026-11-29T04:23:15.9594828+00:00", "Code": "", "Epoch": 1, "Status": "Ready", "Message": ""}', NULL, 'presence.status_changed.v1', '2026-11-29 04:23:16.034098+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Presence.StatusChanged, mesh-control-plane', NULL, NULL, 'null', 'agent:01a2258a720b73e08a336b4a75d09efc', false),
	(11, '673d71cc-5e39-463b-9af2-e9ec99b141d4', 'provider-01a2258b02b776d4887be1dcb54f3f6a', 1, '{"At": "2026-11-29T04:23:16.919442+00:00", "Kind": "Remote", "Name": "west", "Details": {"Region": "eu", "Hostname": "", "Workspaces": {"Affinity": null, "Tolerations": [], "NodeSelector": {}, "ServiceAccountAnnotations": {}}, "StorageClass": "", "MaxWorkspaces": 0, "ClusterAddress": ""}, "ProviderId": "01a2258b02b776d4887be1dcb54f3f6a"}', NULL, 'provider.registered.v1', '2026-11-29 04:23:16.923374+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Providers.ProviderRegistered, mesh-control-plane', '1eed01823cd0db9faa703bb26fcb8e52', '4229b2a57251484e9941e402df66cec8', NULL, 'admin', false),
	(12, 'fb4911d5-283e-4f1a-ba45-ef31d7fb5556', 'provider-01a2258b02b776d4887be1dcb54f3f6a', 2, '{"At": "2026-11-29T04:23:16.919442+00:00", "Hash": "6dee772a370ed4812a017bc98814da2713fdd0446a757bbdb59ade8072b7bee2", "TokenId": "01a2258b02b77d9ba6e65bc65e0ff0d4"}', NULL, 'provider.token_issued.v1', '2026-11-29 04:23:16.923374+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Providers.ProviderTokenIssued, mesh-control-plane', '1eed01823cd0db9faa703bb26fcb8e52', '4229b2a57251484e9941e402df66cec8', NULL, 'admin', false),
	(13, '3052d882-1e0f-425f-b90e-6189622dff72', 'presence-01a2258b02b776d4887be1dcb54f3f6a', 1, '{"At": "2026-11-29T04:23:16.919442+00:00", "ProviderId": "01a2258b02b776d4887be1dcb54f3f6a"}', NULL, 'presence.started.v1', '2026-11-29 04:23:16.923405+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Presence.PresenceStarted, mesh-control-plane', '1eed01823cd0db9faa703bb26fcb8e52', '4229b2a57251484e9941e402df66cec8', NULL, 'admin', false),
	(14, '3d839a3e-3796-488d-8aad-fde843a660e3', 'presence-01a2258b02b776d4887be1dcb54f3f6a', 2, '{"At": "2026-11-29T04:23:18.4690539+00:00", "Agent": {"Driver": "simulated", "AccessUrl": "http://127.0.0.1:27440", "Namespace": "simulated", "InstanceId": "0844ce02d6774eb7a7fa30785b1d312f", "AgentVersion": "0.1.0-dev.136+b7b1382005d9bfdcee0c2bcad49189980749f5c3", "NamespaceUid": "79e18e95-ea79-4ee6-adf1-815fe8c3c4e8", "KubernetesVersion": "simulated"}, "Epoch": 1, "OwnerId": "e88a2d8895414886b4b79645759fdead", "TokenId": "01a2258b02b77d9ba6e65bc65e0ff0d4", "ReplicaId": "ffb23bcb78cd4262a152479b10226560"}', NULL, 'presence.agent_connected.v1', '2026-11-29 04:23:18.473626+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Presence.AgentConnected, mesh-control-plane', NULL, NULL, 'null', 'agent:01a2258b02b776d4887be1dcb54f3f6a', false),
	(15, '5077526d-0784-4569-ab63-90b6710e44fe', 'presence-01a2258b02b776d4887be1dcb54f3f6a', 3, '{"Epoch": 1, "Conditions": [{"Code": "", "Type": "ClusterReachable", "Since": "2026-11-29T04:23:17.9459912+00:00", "Status": "True", "Message": "The cluster is simulated."}, {"Code": "", "Type": "NamespaceReady", "Since": "2026-11-29T04:23:17.9459912+00:00", "Status": "True", "Message": "The cluster is simulated."}, {"Code": "", "Type": "PermissionsSufficient", "Since": "2026-11-29T04:23:17.9459912+00:00", "Status": "True", "Message": "The cluster is simulated."}]}', NULL, 'presence.conditions_reported.v1', '2026-11-29 04:23:18.473626+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Presence.ConditionsReported, mesh-control-plane', NULL, NULL, 'null', 'agent:01a2258b02b776d4887be1dcb54f3f6a', false),
	(16, '4f2263e2-419e-413c-9fb7-c7cfa33de370', 'presence-01a2258b02b776d4887be1dcb54f3f6a', 4, '{"At": "2026-11-29T04:23:18.4690539+00:00", "Code": "", "Epoch": 1, "Status": "Ready", "Message": ""}', NULL, 'presence.status_changed.v1', '2026-11-29 04:23:18.473626+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Presence.StatusChanged, mesh-control-plane', NULL, NULL, 'null', 'agent:01a2258b02b776d4887be1dcb54f3f6a', false),
	(17, '28393d3b-3ea8-4ca5-8e69-d1bff5d82bdc', 'provider-01a2258b0ae37bb58db87d55b7a90273', 1, '{"At": "2026-11-29T04:23:19.0116151+00:00", "Kind": "Remote", "Name": "gone", "Details": {"Region": "", "Hostname": "", "Workspaces": {"Affinity": null, "Tolerations": [], "NodeSelector": {}, "ServiceAccountAnnotations": {}}, "StorageClass": "", "MaxWorkspaces": 0, "ClusterAddress": ""}, "ProviderId": "01a2258b0ae37bb58db87d55b7a90273"}', NULL, 'provider.registered.v1', '2026-11-29 04:23:19.019484+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Providers.ProviderRegistered, mesh-control-plane', '4e4e26a46b985390f67b4f78f6b21331', '96b2a3d0d6634216b5b69c60b7f838d5', NULL, 'admin', false),
	(18, '299fc7d9-74c4-4f75-b87e-3bf711088691', 'provider-01a2258b0ae37bb58db87d55b7a90273', 2, '{"At": "2026-11-29T04:23:19.0116151+00:00", "Hash": "66b205cf5c55647252be5a6d42aeae080adbdd8883b152918ace7ba9632f0154", "TokenId": "01a2258b0ae37e4da7359d3e9bd88c38"}', NULL, 'provider.token_issued.v1', '2026-11-29 04:23:19.019484+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Providers.ProviderTokenIssued, mesh-control-plane', '4e4e26a46b985390f67b4f78f6b21331', '96b2a3d0d6634216b5b69c60b7f838d5', NULL, 'admin', false),
	(19, 'af38150e-5db3-4d65-bd1d-f3511696d14a', 'presence-01a2258b0ae37bb58db87d55b7a90273', 1, '{"At": "2026-11-29T04:23:19.0116151+00:00", "ProviderId": "01a2258b0ae37bb58db87d55b7a90273"}', NULL, 'presence.started.v1', '2026-11-29 04:23:19.019514+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Presence.PresenceStarted, mesh-control-plane', '4e4e26a46b985390f67b4f78f6b21331', '96b2a3d0d6634216b5b69c60b7f838d5', NULL, 'admin', false),
	(20, '1de68a8b-f8bc-4c46-bf60-dd8505473b86', 'presence-01a2258a720b73e08a336b4a75d09efc', 5, '{"Epoch": 1, "Conditions": [{"Code": "", "Type": "ClusterReachable", "Since": "2026-11-29T04:23:15.2865443+00:00", "Status": "True", "Message": "The cluster is simulated."}, {"Code": "", "Type": "NamespaceReady", "Since": "2026-11-29T04:23:15.2865443+00:00", "Status": "True", "Message": "The cluster is simulated."}, {"Code": "", "Type": "PermissionsSufficient", "Since": "2026-11-29T04:23:15.2865443+00:00", "Status": "True", "Message": "The cluster is simulated."}, {"Code": "", "Type": "ClockSynced", "Since": "2026-11-29T04:23:20.1161019+00:00", "Status": "True", "Message": ""}]}', NULL, 'presence.conditions_reported.v1', '2026-11-29 04:23:20.178211+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Presence.ConditionsReported, mesh-control-plane', NULL, NULL, 'null', 'agent:01a2258a720b73e08a336b4a75d09efc', false),
	(21, 'a9f06d43-3600-4030-b3b5-86d2d95331e3', 'provider-01a2258b0ae37bb58db87d55b7a90273', 3, '{"At": "2026-11-29T04:23:20.8822974+00:00"}', NULL, 'provider.deleted.v1', '2026-11-29 04:23:20.842292+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Providers.ProviderDeleted, mesh-control-plane', 'a996e0a6eec85a83c26dfdcdff794b31', '2fb4417cad2e4f36b8acba32dc537d02', 'null', 'admin', false),
	(22, '74502733-2b2f-4b09-a010-8fc5966af7a5', 'presence-01a2258b0ae37bb58db87d55b7a90273', 2, '{"At": "2026-11-29T04:23:20.8831172+00:00"}', NULL, 'presence.ended.v1', '2026-11-29 04:23:20.842292+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Presence.PresenceEnded, mesh-control-plane', 'a996e0a6eec85a83c26dfdcdff794b31', '2fb4417cad2e4f36b8acba32dc537d02', 'null', 'admin', false),
	(26, 'e67c1a9f-13f5-43c5-8ecc-3c047e558611', 'presence-01a2258b02b776d4887be1dcb54f3f6a', 5, '{"Epoch": 1, "Conditions": [{"Code": "", "Type": "ClusterReachable", "Since": "2026-11-29T04:23:17.9459912+00:00", "Status": "True", "Message": "The cluster is simulated."}, {"Code": "", "Type": "NamespaceReady", "Since": "2026-11-29T04:23:17.9459912+00:00", "Status": "True", "Message": "The cluster is simulated."}, {"Code": "", "Type": "PermissionsSufficient", "Since": "2026-11-29T04:23:17.9459912+00:00", "Status": "True", "Message": "The cluster is simulated."}, {"Code": "", "Type": "ClockSynced", "Since": "2026-11-29T04:23:22.900704+00:00", "Status": "True", "Message": ""}]}', NULL, 'presence.conditions_reported.v1', '2026-11-29 04:23:22.925865+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Presence.ConditionsReported, mesh-control-plane', NULL, NULL, 'null', 'agent:01a2258b02b776d4887be1dcb54f3f6a', false),
	(28, '9f76bdbf-32ce-42c9-b9b1-d59e8e7ce43b', 'organization-01a2258b256676949fedc0d9929a7914', 1, '{"At": "2026-11-29T04:23:25.798257+00:00", "Name": "acme", "OrganizationId": "01a2258b256676949fedc0d9929a7914"}', NULL, 'organization.created.v1', '2026-11-29 04:23:25.801719+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Organizations.OrganizationCreated, mesh-control-plane', '52c8475f25808fc865e129fc7377f385', 'e75ccc57bde84b2cb59f2dba8bcf12c8', NULL, 'admin', false),
	(29, '28b31d92-5084-429e-bb87-25c05fe5cd62', 'organization-01a2258b256676949fedc0d9929a7914', 2, '{"ProviderId": "01a2258a720b73e08a336b4a75d09efc"}', NULL, 'organization.provider_allowed.v1', '2026-11-29 04:23:25.801719+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Organizations.ProviderAllowed, mesh-control-plane', '52c8475f25808fc865e129fc7377f385', 'e75ccc57bde84b2cb59f2dba8bcf12c8', NULL, 'admin', false),
	(30, '2579b44c-9abc-4da8-abc2-4105b138057a', 'organization-01a2258b256676949fedc0d9929a7914', 3, '{"ProviderId": "01a2258b02b776d4887be1dcb54f3f6a"}', NULL, 'organization.provider_allowed.v1', '2026-11-29 04:23:26.918976+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Organizations.ProviderAllowed, mesh-control-plane', '7b9e66725d6f84df10886eebdd000e38', '4ac8e8b83889493b805c2c3d3eb172f0', 'null', 'admin', false),
	(31, '0c9c6351-3e28-4c4c-8522-39f691bd080e', 'organization-01a2258a720b7af5bc9694893f43b9c7', 3, '{"ProviderId": "01a2258b02b776d4887be1dcb54f3f6a"}', NULL, 'organization.provider_allowed.v1', '2026-11-29 04:23:28.022668+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Organizations.ProviderAllowed, mesh-control-plane', 'e4e6c31f5130dfaa2fe903b93ca601b2', '55e53606aeff475d9961237a899284c5', 'null', 'admin', false),
	(35, '256bcc43-7ac9-4663-b5d3-1d6eb492ca85', 'workspace-01a2258b47ad71558b165b718c3a069a', 2, '{"At": "2026-11-29T04:23:34.8451832+00:00", "Code": "", "Epoch": 1, "State": "Starting", "Message": "Simulated.", "Version": 1, "Timeline": [{"At": "2026-11-29T04:23:34.6206457+00:00", "Id": "40ab1d9a/volume_bound", "Code": "", "Stage": "VolumeBound", "Message": "Simulated."}], "Generation": 1}', NULL, 'workspace.observed.v1', '2026-11-29 04:23:34.846267+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Workspaces.WorkspaceObserved, mesh-control-plane', NULL, NULL, 'null', 'agent:01a2258a720b73e08a336b4a75d09efc', false),
	(38, 'c09624c2-cb3f-4bd6-8af5-a3b6fa2966a1', 'workspace-01a2258b47ad71558b165b718c3a069a', 5, '{"At": "2026-11-29T04:23:39.5083501+00:00", "Code": "", "Epoch": 1, "State": "Stopped", "Message": "Simulated.", "Version": 3, "Timeline": [{"At": "2026-11-29T04:23:39.505417+00:00", "Id": "2/stopped", "Code": "", "Stage": "Stopped", "Message": "Simulated."}], "Generation": 2}', NULL, 'workspace.observed.v1', '2026-11-29 04:23:39.509824+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Workspaces.WorkspaceObserved, mesh-control-plane', NULL, NULL, 'null', 'agent:01a2258a720b73e08a336b4a75d09efc', false),
	(23, '9062837d-6731-4e2a-96a2-fe13243b3e5a', 'provider-01a2258b18047c58a85d782329016692', 1, '{"At": "2026-11-29T04:23:22.3728462+00:00", "Kind": "Remote", "Name": "east", "Details": {"Region": "us", "Hostname": "", "Workspaces": {"Affinity": null, "Tolerations": [], "NodeSelector": {}, "ServiceAccountAnnotations": {}}, "StorageClass": "", "MaxWorkspaces": 0, "ClusterAddress": ""}, "ProviderId": "01a2258b18047c58a85d782329016692"}', NULL, 'provider.registered.v1', '2026-11-29 04:23:22.37669+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Providers.ProviderRegistered, mesh-control-plane', '2d97137a20ae165f8ede58477d6a3448', '0d19b04fb6db4b84a409a9ea72852e9d', NULL, 'admin', false),
	(24, '349b2bfb-d3c6-4c68-a1ef-1b76a82f3245', 'provider-01a2258b18047c58a85d782329016692', 2, '{"At": "2026-11-29T04:23:22.3728462+00:00", "Hash": "6c6ae4a100e4dd3571b89be46ade4c0e8ff43bf55152a07b60030d6d040b038a", "TokenId": "01a2258b1804722fb041106e3ba4c5a8"}', NULL, 'provider.token_issued.v1', '2026-11-29 04:23:22.37669+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Providers.ProviderTokenIssued, mesh-control-plane', '2d97137a20ae165f8ede58477d6a3448', '0d19b04fb6db4b84a409a9ea72852e9d', NULL, 'admin', false),
	(25, 'c60c4144-377a-4842-bdc0-eb0900c12861', 'presence-01a2258b18047c58a85d782329016692', 1, '{"At": "2026-11-29T04:23:22.3728462+00:00", "ProviderId": "01a2258b18047c58a85d782329016692"}', NULL, 'presence.started.v1', '2026-11-29 04:23:22.376727+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Presence.PresenceStarted, mesh-control-plane', '2d97137a20ae165f8ede58477d6a3448', '0d19b04fb6db4b84a409a9ea72852e9d', NULL, 'admin', false),
	(33, '0986ac36-a79d-4da8-96cb-adf20c859e2e', 'workspace-01a2258b3dcd71a3aa07dabafe162afd', 2, '{"At": "2026-11-29T04:23:32.2146554+00:00", "Code": "", "Epoch": 1, "State": "Running", "Message": "Simulated.", "Version": 2, "Timeline": [{"At": "2026-11-29T04:23:32.1672666+00:00", "Id": "74148421/volume_bound", "Code": "", "Stage": "VolumeBound", "Message": "Simulated."}, {"At": "2026-11-29T04:23:32.171767+00:00", "Id": "74148421-1/Scheduled", "Code": "", "Stage": "Scheduled", "Message": "Simulated."}, {"At": "2026-11-29T04:23:32.1762674+00:00", "Id": "74148421-1/ImagePulling", "Code": "", "Stage": "ImagePulling", "Message": "Simulated."}, {"At": "2026-11-29T04:23:32.1807677+00:00", "Id": "74148421-1/ImagePulled", "Code": "", "Stage": "ImagePulled", "Message": "Simulated."}, {"At": "2026-11-29T04:23:32.1852681+00:00", "Id": "74148421-1/Started", "Code": "", "Stage": "Started", "Message": "Simulated."}, {"At": "2026-11-29T04:23:32.1897685+00:00", "Id": "74148421-1/Ready", "Code": "", "Stage": "Ready", "Message": "Simulated."}], "Generation": 1}', NULL, 'workspace.observed.v1', '2026-11-29 04:23:32.280845+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Workspaces.WorkspaceObserved, mesh-control-plane', NULL, NULL, 'null', 'agent:01a2258b02b776d4887be1dcb54f3f6a', false),
	(34, '8f5a5a0d-24a3-4828-b1b2-a4c42d5e2c8c', 'workspace-01a2258b47ad71558b165b718c3a069a', 1, '{"At": "2026-11-29T04:23:34.5730948+00:00", "Name": "web", "Spec": {"Cpu": "1", "Env": {}, "Disk": "10Gi", "Image": "ubuntu:24.04", "Memory": "2Gi", "Command": [], "EnvFrom": []}, "Owner": "admin", "Details": {"Affinity": null, "Tolerations": [], "NodeSelector": {}, "ServiceAccountAnnotations": {}}, "OwnerEmail": "", "ProviderId": "01a2258a720b73e08a336b4a75d09efc", "Traceparent": "00-08bab025cd60f4630cd09c1f47950f16-feca751201d190b4-00", "WorkspaceId": "01a2258b47ad71558b165b718c3a069a", "StorageClass": "", "OrganizationId": "01a2258b256676949fedc0d9929a7914"}', NULL, 'workspace.created.v1', '2026-11-29 04:23:34.573641+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Workspaces.WorkspaceCreated, mesh-control-plane', '08bab025cd60f4630cd09c1f47950f16', '6c6d23662acf49f69c7f4a14ed52f2c2', NULL, 'admin', false),
	(36, '7f78ccc4-f0f2-4a15-a948-8d97885a530c', 'workspace-01a2258b47ad71558b165b718c3a069a', 3, '{"At": "2026-11-29T04:23:34.8973477+00:00", "Code": "", "Epoch": 1, "State": "Running", "Message": "Simulated.", "Version": 2, "Timeline": [{"At": "2026-11-29T04:23:34.6380997+00:00", "Id": "40ab1d9a-1/Scheduled", "Code": "", "Stage": "Scheduled", "Message": "Simulated."}, {"At": "2026-11-29T04:23:34.6555537+00:00", "Id": "40ab1d9a-1/ImagePulling", "Code": "", "Stage": "ImagePulling", "Message": "Simulated."}, {"At": "2026-11-29T04:23:34.6730078+00:00", "Id": "40ab1d9a-1/ImagePulled", "Code": "", "Stage": "ImagePulled", "Message": "Simulated."}, {"At": "2026-11-29T04:23:34.6904618+00:00", "Id": "40ab1d9a-1/Started", "Code": "", "Stage": "Started", "Message": "Simulated."}, {"At": "2026-11-29T04:23:34.7079158+00:00", "Id": "40ab1d9a-1/Ready", "Code": "", "Stage": "Ready", "Message": "Simulated."}], "Generation": 1}', NULL, 'workspace.observed.v1', '2026-11-29 04:23:34.979871+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Workspaces.WorkspaceObserved, mesh-control-plane', NULL, NULL, 'null', 'agent:01a2258a720b73e08a336b4a75d09efc', false),
	(37, '00f851b7-2b3d-4654-8779-0edf71def4ce', 'workspace-01a2258b47ad71558b165b718c3a069a', 4, '{"At": "2026-11-29T04:23:39.4307697+00:00", "Generation": 2, "Traceparent": "00-572addafb43754aed6aafd106baaef4a-347834acef4f676d-00"}', NULL, 'workspace.stop_requested.v1', '2026-11-29 04:23:39.462243+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Workspaces.WorkspaceStopRequested, mesh-control-plane', '572addafb43754aed6aafd106baaef4a', '99b0012e914349089d48b7c60a7a1c60', 'null', 'admin', false),
	(42, 'c14797f1-5ca7-4b8d-945c-add619ef7e71', 'deployment', 4, '{"ProviderId": "01a2258b02b776d4887be1dcb54f3f6a"}', NULL, 'deployment.default_provider_set.v1', '2026-11-29 04:23:48.700344+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Deployment.DefaultProviderSet, mesh-control-plane', 'e63d2c99461a9af08e77c8d915d7cc79', '9dc4566659c244fca40e0b0279ee0a68', 'null', 'admin', false),
	(27, '2b0687a0-10c6-49d0-a82b-449dcb2f8ca3', 'provider-01a2258b18047c58a85d782329016692', 3, '{"At": "2026-11-29T04:23:23.8118284+00:00", "User": "admin", "Reason": "maintenance"}', NULL, 'provider.cordoned.v1', '2026-11-29 04:23:23.824217+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Providers.ProviderCordoned, mesh-control-plane', '25201c295873d6773a67cfaeee036265', 'd6064dd8c1e14b349070c82648eaab5e', 'null', 'admin', false),
	(32, '985053cf-6194-4a6d-af61-bd45c231a482', 'workspace-01a2258b3dcd71a3aa07dabafe162afd', 1, '{"At": "2026-11-29T04:23:32.0452634+00:00", "Name": "dev", "Spec": {"Cpu": "1", "Env": {}, "Disk": "10Gi", "Image": "ubuntu:24.04", "Memory": "2Gi", "Command": [], "EnvFrom": []}, "Owner": "admin", "Details": {"Affinity": null, "Tolerations": [], "NodeSelector": {}, "ServiceAccountAnnotations": {}}, "OwnerEmail": "", "ProviderId": "01a2258b02b776d4887be1dcb54f3f6a", "Traceparent": "00-784e439bc418dd97a58aa48d293f338e-078a7a78b69503d9-00", "WorkspaceId": "01a2258b3dcd71a3aa07dabafe162afd", "StorageClass": "", "OrganizationId": "01a2258a720b7af5bc9694893f43b9c7"}', NULL, 'workspace.created.v1', '2026-11-29 04:23:32.055203+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Workspaces.WorkspaceCreated, mesh-control-plane', '784e439bc418dd97a58aa48d293f338e', 'b5ced25b341748dfb3ba9e3dd76af6ca', NULL, 'admin', false),
	(40, '84892acc-f0eb-4ee9-8740-e1f99b01d90f', 'workspace-01a2258b695e7213a6b17f606d836af8', 2, '{"At": "2026-11-29T04:23:43.2288292+00:00", "Code": "", "Epoch": 1, "State": "Running", "Message": "Simulated.", "Version": 3, "Timeline": [{"At": "2026-11-29T04:23:43.2178867+00:00", "Id": "9f6716e7/volume_bound", "Code": "", "Stage": "VolumeBound", "Message": "Simulated."}, {"At": "2026-11-29T04:23:43.217956+00:00", "Id": "9f6716e7-1/Scheduled", "Code": "", "Stage": "Scheduled", "Message": "Simulated."}, {"At": "2026-11-29T04:23:43.2180253+00:00", "Id": "9f6716e7-1/ImagePulling", "Code": "", "Stage": "ImagePulling", "Message": "Simulated."}, {"At": "2026-11-29T04:23:43.2180946+00:00", "Id": "9f6716e7-1/ImagePulled", "Code": "", "Stage": "ImagePulled", "Message": "Simulated."}, {"At": "2026-11-29T04:23:43.2181639+00:00", "Id": "9f6716e7-1/Started", "Code": "", "Stage": "Started", "Message": "Simulated."}, {"At": "2026-11-29T04:23:43.2182332+00:00", "Id": "9f6716e7-1/Ready", "Code": "", "Stage": "Ready", "Message": "Simulated."}], "Generation": 1}', NULL, 'workspace.observed.v1', '2026-11-29 04:23:43.230822+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Workspaces.WorkspaceObserved, mesh-control-plane', NULL, NULL, 'null', 'agent:01a2258b02b776d4887be1dcb54f3f6a', false),
	(43, '91b312b4-a32e-4e72-94eb-d77ad7c1eeb9', 'workspace-01a2258b695e7213a6b17f606d836af8', 3, '{"At": "2026-11-29T04:24:15.3328432+00:00", "Generation": 2, "Traceparent": "00-05199bdc92e071b73217d11b7e5ccf5f-c75cc4186a972713-00"}', NULL, 'workspace.delete_requested.v1', '2026-11-29 04:24:15.341973+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Workspaces.WorkspaceDeleteRequested, mesh-control-plane', '05199bdc92e071b73217d11b7e5ccf5f', '4ee2dd747f26421aac3566a2db0f1369', 'null', 'admin', false),
	(45, 'ebf8b0fa-2817-4c51-b720-0f6f6f520454', 'presence-01a2258b02b776d4887be1dcb54f3f6a', 6, '{"At": "2026-11-29T04:24:18.1639592+00:00", "Epoch": 1, "Reason": "goodbye"}', NULL, 'presence.agent_disconnected.v1', '2026-11-29 04:24:18.194279+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Presence.AgentDisconnected, mesh-control-plane', NULL, NULL, 'null', 'agent:01a2258b02b776d4887be1dcb54f3f6a', false),
	(39, 'f41825c3-c6ed-4ca8-afb5-d872b969eeff', 'workspace-01a2258b695e7213a6b17f606d836af8', 1, '{"At": "2026-11-29T04:23:43.1983439+00:00", "Name": "old", "Spec": {"Cpu": "1", "Env": {}, "Disk": "10Gi", "Image": "ubuntu:24.04", "Memory": "2Gi", "Command": [], "EnvFrom": []}, "Owner": "admin", "Details": {"Affinity": null, "Tolerations": [], "NodeSelector": {}, "ServiceAccountAnnotations": {}}, "OwnerEmail": "", "ProviderId": "01a2258b02b776d4887be1dcb54f3f6a", "Traceparent": "00-e8a0a38c7953235ef7dddc1399e308e2-d3252f881ea1971b-00", "WorkspaceId": "01a2258b695e7213a6b17f606d836af8", "StorageClass": "", "OrganizationId": "01a2258a720b7af5bc9694893f43b9c7"}', NULL, 'workspace.created.v1', '2026-11-29 04:23:43.198467+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Workspaces.WorkspaceCreated, mesh-control-plane', 'e8a0a38c7953235ef7dddc1399e308e2', '1e604f8db30e41b0aa65da5181dcdec9', NULL, 'admin', false),
	(41, '80519494-8ad0-4c42-b3ae-edad381f2c9e', 'deployment', 3, '{"AccessUrl": "https://mesh.example.com"}', NULL, 'deployment.access_url_set.v1', '2026-11-29 04:23:45.608283+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Deployment.AccessUrlSet, mesh-control-plane', 'd2807f53934b1b5cde856efdb98ab3d6', 'b9ac5ee22c084739ad467f686247708c', 'null', 'admin', false),
	(44, '5e8436a9-637a-450b-9d59-9be736f74458', 'workspace-01a2258b695e7213a6b17f606d836af8', 4, '{"At": "2026-11-29T04:24:15.3805589+00:00", "Code": "", "Epoch": 1, "State": "Deleted", "Message": "", "Version": 4, "Timeline": [], "Generation": 2}', NULL, 'workspace.observed.v1', '2026-11-29 04:24:15.381257+00', '*DEFAULT*', 'Coder.Mesh.ControlPlane.Workspaces.WorkspaceObserved, mesh-control-plane', NULL, NULL, 'null', 'agent:01a2258b02b776d4887be1dcb54f3f6a', false);

INSERT INTO mesh.mt_streams VALUES
	('provider-01a2258a720b73e08a336b4a75d09efc', 'provider', 2, '2026-11-29 04:22:41.899092+00', '2026-11-29 04:22:40.900845+00', '*DEFAULT*', 0, false),
	('provider-01a2258b02b776d4887be1dcb54f3f6a', 'provider', 2, '2026-11-29 04:23:16.921948+00', '2026-11-29 04:23:16.921948+00', '*DEFAULT*', 0, false),
	('presence-01a2258a720b73e08a336b4a75d09efc', 'provider_presence', 5, '2026-11-29 04:23:20.178211+00', '2026-11-29 04:22:40.900845+00', '*DEFAULT*', 0, false),
	('provider-01a2258b0ae37bb58db87d55b7a90273', 'provider', 3, '2026-11-29 04:23:20.842292+00', '2026-11-29 04:23:19.014056+00', '*DEFAULT*', 0, false),
	('presence-01a2258b0ae37bb58db87d55b7a90273', 'provider_presence', 2, '2026-11-29 04:23:20.842292+00', '2026-11-29 04:23:19.014056+00', '*DEFAULT*', 0, false),
	('presence-01a2258b18047c58a85d782329016692', 'provider_presence', 1, '2026-11-29 04:23:22.37622+00', '2026-11-29 04:23:22.37622+00', '*DEFAULT*', 0, false),
	('provider-01a2258b18047c58a85d782329016692', 'provider', 3, '2026-11-29 04:23:23.824217+00', '2026-11-29 04:23:22.37622+00', '*DEFAULT*', 0, false),
	('organization-01a2258b256676949fedc0d9929a7914', 'organization', 3, '2026-11-29 04:23:26.918976+00', '2026-11-29 04:23:25.798915+00', '*DEFAULT*', 0, false),
	('organization-01a2258a720b7af5bc9694893f43b9c7', 'organization', 3, '2026-11-29 04:23:28.022668+00', '2026-11-29 04:22:40.900845+00', '*DEFAULT*', 0, false),
	('workspace-01a2258b3dcd71a3aa07dabafe162afd', 'workspace', 2, '2026-11-29 04:23:32.280845+00', '2026-11-29 04:23:32.014991+00', '*DEFAULT*', 0, false),
	('workspace-01a2258b47ad71558b165b718c3a069a', 'workspace', 5, '2026-11-29 04:23:39.509824+00', '2026-11-29 04:23:34.570758+00', '*DEFAULT*', 0, false),
	('deployment', 'mesh_deployment', 4, '2026-11-29 04:23:48.700344+00', '2026-11-29 04:22:40.900845+00', '*DEFAULT*', 0, false),
	('workspace-01a2258b695e7213a6b17f606d836af8', 'workspace', 4, '2026-11-29 04:24:15.381257+00', '2026-11-29 04:23:43.196542+00', '*DEFAULT*', 0, false),
	('presence-01a2258b02b776d4887be1dcb54f3f6a', 'provider_presence', 6, '2026-11-29 04:24:18.194279+00', '2026-11-29 04:23:16.921948+00', '*DEFAULT*', 0, false);

SELECT pg_catalog.setval('mesh.mesh_feed_id_seq', 35, true);

SELECT pg_catalog.setval('mesh.mt_events_sequence', 45, true);

ALTER TABLE ONLY mesh.mesh_access_log
    ADD CONSTRAINT mesh_access_log_pkey PRIMARY KEY (minute, subject, action, reason);

ALTER TABLE ONLY mesh.mesh_feed
    ADD CONSTRAINT mesh_feed_pkey PRIMARY KEY (xid, id);

ALTER TABLE ONLY mesh.mesh_feed_trimmed
    ADD CONSTRAINT mesh_feed_trimmed_pkey PRIMARY KEY (one);

ALTER TABLE ONLY mesh.mesh_orphan
    ADD CONSTRAINT mesh_orphan_pkey PRIMARY KEY (provider_id, workspace_id);

ALTER TABLE ONLY mesh.mesh_orphan_rest
    ADD CONSTRAINT mesh_orphan_rest_pkey PRIMARY KEY (provider_id);

ALTER TABLE ONLY mesh.mesh_replica
    ADD CONSTRAINT mesh_replica_pkey PRIMARY KEY (id);

ALTER TABLE ONLY mesh.mesh_request
    ADD CONSTRAINT mesh_request_pkey PRIMARY KEY (caller, method, request_id);

ALTER TABLE ONLY mesh.mt_event_progression
    ADD CONSTRAINT pk_mt_event_progression PRIMARY KEY (name);

ALTER TABLE ONLY mesh.mt_doc_deadletterevent
    ADD CONSTRAINT pkey_mt_doc_deadletterevent_id PRIMARY KEY (id);

ALTER TABLE ONLY mesh.mt_doc_meshdeployment
    ADD CONSTRAINT pkey_mt_doc_meshdeployment_id PRIMARY KEY (id);

ALTER TABLE ONLY mesh.mt_doc_organization
    ADD CONSTRAINT pkey_mt_doc_organization_id PRIMARY KEY (id);

ALTER TABLE ONLY mesh.mt_doc_provider
    ADD CONSTRAINT pkey_mt_doc_provider_id PRIMARY KEY (id);

ALTER TABLE ONLY mesh.mt_doc_providerpresence
    ADD CONSTRAINT pkey_mt_doc_providerpresence_id PRIMARY KEY (id);

ALTER TABLE ONLY mesh.mt_doc_tokenrecord
    ADD CONSTRAINT pkey_mt_doc_tokenrecord_id PRIMARY KEY (id);

ALTER TABLE ONLY mesh.mt_doc_workspace
    ADD CONSTRAINT pkey_mt_doc_workspace_id PRIMARY KEY (id);

ALTER TABLE ONLY mesh.mt_event_projection_floors
    ADD CONSTRAINT pkey_mt_event_projection_floors_name_tenant_id PRIMARY KEY (name, tenant_id);

ALTER TABLE ONLY mesh.mt_events
    ADD CONSTRAINT pkey_mt_events_seq_id PRIMARY KEY (seq_id);

ALTER TABLE ONLY mesh.mt_high_water_skips
    ADD CONSTRAINT pkey_mt_high_water_skips_ending_sequence PRIMARY KEY (ending_sequence);

ALTER TABLE ONLY mesh.mt_streams
    ADD CONSTRAINT pkey_mt_streams_id PRIMARY KEY (id);

CREATE INDEX ix_feed_at ON mesh.mesh_feed USING btree (at);

CREATE INDEX ix_feed_stream ON mesh.mesh_feed USING btree (stream, xid, id) WHERE (stream !~~ 'workspace-%'::text);

CREATE INDEX ix_presence_status ON mesh.mt_doc_providerpresence USING btree (((data ->> 'Status'::text)));

CREATE INDEX ix_request_at ON mesh.mesh_request USING btree (at);

CREATE INDEX ix_workspace_organization ON mesh.mt_doc_workspace USING btree (((data ->> 'OrganizationId'::text)), id) WHERE (((data ->> 'Finished'::text) IS NULL) OR (((data ->> 'Finished'::text))::boolean = false));

CREATE INDEX ix_workspace_owner ON mesh.mt_doc_workspace USING btree (((data ->> 'Owner'::text)), id) WHERE (((data ->> 'Finished'::text) IS NULL) OR (((data ->> 'Finished'::text))::boolean = false));

CREATE INDEX ix_workspace_provider ON mesh.mt_doc_workspace USING btree (((data ->> 'ProviderId'::text)), ((data ->> 'OrganizationId'::text))) WHERE (((data ->> 'Finished'::text) IS NULL) OR (((data ->> 'Finished'::text))::boolean = false));

CREATE INDEX ix_workspace_state ON mesh.mt_doc_workspace USING btree (((data ->> 'State'::text)), id) WHERE (((data ->> 'Finished'::text) IS NULL) OR (((data ->> 'Finished'::text))::boolean = false));

CREATE UNIQUE INDEX pk_mt_events_stream_and_version ON mesh.mt_events USING btree (stream_id, version);

CREATE UNIQUE INDEX ux_organization_name ON mesh.mt_doc_organization USING btree (((data ->> 'Name'::text))) WHERE (((data ->> 'Deleted'::text) IS NULL) OR (((data ->> 'Deleted'::text))::boolean = false));

CREATE UNIQUE INDEX ux_presence_namespace ON mesh.mt_doc_providerpresence USING btree (((data ->> 'NamespaceUid'::text)));

CREATE UNIQUE INDEX ux_provider_name ON mesh.mt_doc_provider USING btree (((data ->> 'Name'::text))) WHERE (((data ->> 'Deleted'::text) IS NULL) OR (((data ->> 'Deleted'::text))::boolean = false));

CREATE UNIQUE INDEX ux_workspace_name ON mesh.mt_doc_workspace USING btree (((data ->> 'OrganizationId'::text)), ((data ->> 'Owner'::text)), ((data ->> 'Name'::text))) WHERE (((data ->> 'Finished'::text) IS NULL) OR (((data ->> 'Finished'::text))::boolean = false));

CREATE STATISTICS mesh.st_provider_deleted ON ((data ->> 'Deleted'::text)::boolean) FROM mesh.mt_doc_provider;

CREATE STATISTICS mesh.st_provider_name ON (data ->> 'Name'::text) FROM mesh.mt_doc_provider;

CREATE STATISTICS mesh.st_workspace_finished ON ((data ->> 'Finished'::text)::boolean) FROM mesh.mt_doc_workspace;

CREATE STATISTICS mesh.st_workspace_organization ON (data ->> 'OrganizationId'::text) FROM mesh.mt_doc_workspace;

CREATE STATISTICS mesh.st_workspace_owner ON (data ->> 'Owner'::text) FROM mesh.mt_doc_workspace;

CREATE STATISTICS mesh.st_workspace_provider ON (data ->> 'ProviderId'::text) FROM mesh.mt_doc_workspace;

CREATE STATISTICS mesh.st_workspace_state ON (data ->> 'State'::text) FROM mesh.mt_doc_workspace;

ALTER TABLE ONLY mesh.mt_events
    ADD CONSTRAINT fkey_mt_events_stream_id FOREIGN KEY (stream_id) REFERENCES mesh.mt_streams(id) ON DELETE CASCADE;

