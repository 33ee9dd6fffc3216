-- migrate:up

-- Append a batch of commands' events. Every command is judged in its turn, as if it had come alone:
--   accepted    its events are in the log; positions[i] is the last one's, 0 without events
--   duplicate   the command is known; with its first answer, its fingerprint (mark) and position
--   conflict    a stream is at another version than the decision was taken at; decide again
--   taken       a key belongs to somebody else; with kind, key and holder
-- `refused` has an element for every command that was not accepted; it is null when all were.
--
-- The hash of an event is the SHA-256 of its predecessor's hash and, big-endian, its position, version,
-- schema, event id and microseconds since 1970; then, each with its length in bytes before it, so that
-- no two events have the same content: stream, type, metadata and data, in UTF-8.
--
-- What belongs to the commands comes as parallel arrays. What belongs to number i of them lies behind
-- place *_at[i], up to *_at[i + 1]; bytes lie in one block: marks, metas, datas.
--   c_*  one element a command; c_answer is a place in answers
--   p_*  the streams a command was decided on: a place in streams (each stream is there once),
--        and the version it was at, null for "whatever it is"
--   e_*  its events: a place in streams, a place in types (with schemas)
--   k_*  the keys it claims (k_claim) or releases: a place in keys (each key is there once)
--
-- Much is done in few statements, because each has its price in every call, however small the batch.
create or replace function append_commands(
    c_id text[], marks bytea, marks_at int[], metas bytea, metas_at int[],
    answers text[], c_answer int[],
    c_parts_at int[], c_events_at int[], c_keys_at int[],
    streams text[], p_stream int[], p_version bigint[],
    types text[], schemas smallint[],
    e_stream int[], e_type int[], e_id uuid[], datas bytea, datas_at int[],
    key_kinds text[], keys text[], k_key int[], k_holder text[], k_claim boolean[],
    out positions bigint[], out refused jsonb
) language plpgsql
    security definer set search_path = public, pg_temp
    -- One plan, by index, that stays right however fast the tables grow after the first call.
    set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
    first_position bigint;
    head_position  bigint;
    head_hash      bytea;
    ahead          bigint;    -- how many positions there are partitions for, beyond half of one
    now_at         timestamptz;
    now_bytes      bytea;
    known          int[];     -- commands that were decided before
    fault          jsonb;
    meta           bytea;
    data           bytea;
    type_bytes     bytea[];
    stream_bytes   bytea[];
    versions       bigint[];  -- of streams
    holders        text[];    -- of keys
    claimed_at     bigint[];  -- of keys
    k_before       text[];
    e_position     bigint[] := '{null}';  -- from place 1 on, whichever is set first
    e_command      int[]    := '{null}';
    e_version      bigint[] := '{null}';
    e_hash         bytea[]  := '{null}';
begin
    -- The lock comes before anything is read: whoever holds it sees all earlier appends, and
    -- whoever reads positions in order can never overtake a slower writer. It is held to the end of
    -- the transaction, which should not be one that waits for the disk: see append_durably.
    perform pg_advisory_xact_lock(7203316211);

    -- 1. What is known before: all of it at once.
    select h.position, h.hash, h.room - h.partition_size / 2 - h.position,
        array(select coalesce((select l.version from log_stream l where l.stream = s.name), 0)
            from unnest(streams) with ordinality s(name, n) order by s.n),
        array(select c.n from unnest(c_id) with ordinality c(id, n)
            where exists (select from log_command l where l.command_id = c.id) order by c.n),
        array(select int4send(octet_length(convert_to(s.name, 'UTF8'))) || convert_to(s.name, 'UTF8')
            from unnest(streams) with ordinality s(name, n) order by s.n),
        array(select int4send(octet_length(convert_to(t.name, 'UTF8'))) || convert_to(t.name, 'UTF8')
            from unnest(types) with ordinality t(name, n) order by t.n)
    into head_position, head_hash, ahead, versions, known, stream_bytes, type_bytes
    from log_head h;
    first_position := head_position;
    now_at := clock_timestamp();
    now_bytes := int8send((extract(epoch from now_at) * 1000000)::bigint);
    if cardinality(e_type) > ahead then
        perform make_room(head_position + cardinality(e_type));
    end if;
    if cardinality(known) > 0 then
        select jsonb_agg(jsonb_build_object('command', c.n, 'verdict', 'duplicate',
                'answer', l.answer, 'mark', encode(l.fingerprint, 'hex'), 'position', l.position))
            into refused
            from unnest(c_id) with ordinality c(id, n) join log_command l on l.command_id = c.id;
    end if;
    if cardinality(keys) > 0 then
        holders := array(
            select (select r.holder from reservation r where r.kind = k.kind and r.key = k.key)
            from unnest(key_kinds, keys) with ordinality k(kind, key, n) order by k.n);
        claimed_at := array_fill(null::bigint, array[cardinality(keys)]);
    end if;

    -- 2. The commands in their order, each meeting what those before it have changed.
    positions := array_fill(null::bigint, array[cardinality(c_id)]);
    for c in 1 .. cardinality(c_id) loop
        continue when c = any (known);
        for p in c_parts_at[c] + 1 .. c_parts_at[c + 1] loop
            if versions[p_stream[p]] <> p_version[p] then
                fault := jsonb_build_object('command', c, 'verdict', 'conflict',
                    'stream', streams[p_stream[p]], 'version', versions[p_stream[p]]);
                exit;
            end if;
        end loop;
        if fault is null and c_keys_at[c + 1] > c_keys_at[c] then
            for k in c_keys_at[c] + 1 .. c_keys_at[c + 1] loop  -- releases before claims
                k_before[k] := holders[k_key[k]];
                if not k_claim[k] and holders[k_key[k]] = k_holder[k] then
                    holders[k_key[k]] := null;
                end if;
            end loop;
            for k in c_keys_at[c] + 1 .. c_keys_at[c + 1] loop
                continue when not k_claim[k] or holders[k_key[k]] = k_holder[k];
                if holders[k_key[k]] is not null then
                    fault := jsonb_build_object('command', c, 'verdict', 'taken', 'kind',
                        key_kinds[k_key[k]], 'key', keys[k_key[k]], 'holder', holders[k_key[k]]);
                    exit;
                end if;
                holders[k_key[k]] := k_holder[k];
            end loop;
            for k in reverse c_keys_at[c + 1] .. c_keys_at[c] + 1 loop
                if fault is not null then
                    holders[k_key[k]] := k_before[k];
                elsif k_claim[k] and k_before[k] is distinct from k_holder[k] then
                    claimed_at[k_key[k]] := head_position + c_events_at[c + 1] - c_events_at[c];
                end if;
            end loop;
        end if;
        if fault is not null then
            refused := coalesce(refused, '[]') || fault;
            fault := null;
            continue;
        end if;
        positions[c] := 0;
        if c_events_at[c + 1] > c_events_at[c] then
            meta := substr(metas, metas_at[c] + 1, metas_at[c + 1] - metas_at[c]);
            for e in c_events_at[c] + 1 .. c_events_at[c + 1] loop
                head_position := head_position + 1;
                data := substr(datas, datas_at[e] + 1, datas_at[e + 1] - datas_at[e]);
                versions[e_stream[e]] := versions[e_stream[e]] + 1;
                head_hash := sha256(head_hash || int8send(head_position)
                    || int8send(versions[e_stream[e]]) || int2send(schemas[e_type[e]])
                    || uuid_send(e_id[e]) || now_bytes
                    || stream_bytes[e_stream[e]] || type_bytes[e_type[e]]
                    || int4send(octet_length(meta)) || meta || int4send(octet_length(data)) || data);
                e_position[e] := head_position;
                e_command[e] := c;
                e_version[e] := versions[e_stream[e]];
                e_hash[e] := head_hash;
            end loop;
            positions[c] := head_position;
        end if;
    end loop;

    -- 3. What has changed: each table once.
    with events as (
        insert into event_log (
            position, stream, version, type, schema, event_id, data, meta, recorded_at, hash)
        select e.position, streams[e.stream], e.version, types[e.type], schemas[e.type], e.id,
            substr(datas, datas_at[e.n] + 1, datas_at[e.n + 1] - datas_at[e.n]),
            substr(metas, metas_at[e.command] + 1, metas_at[e.command + 1] - metas_at[e.command]),
            now_at, e.hash
        from unnest(e_position, e_command, e_stream, e_version, e_type, e_id, e_hash)
            with ordinality e(position, command, stream, version, type, id, hash, n)
        where e.position is not null
    ), stream as (
        insert into log_stream as l
        select s.stream, s.version from unnest(streams, versions) s(stream, version)
        where s.version > 0 and head_position > first_position
        on conflict (stream) do update set version = excluded.version
            where l.version <> excluded.version
    ), head as (
        update log_head set position = head_position, hash = head_hash
        where position < head_position
    )
    insert into log_command (command_id, fingerprint, answer, position, recorded_at)
    select c.id, substr(marks, marks_at[c.n] + 1, marks_at[c.n + 1] - marks_at[c.n]),
        answers[c.answer], c.position, now_at
    from unnest(c_id, c_answer, positions) with ordinality c(id, answer, position, n)
    where c.position is not null;

    if cardinality(keys) > 0 then
        delete from reservation r
        using unnest(key_kinds, keys, holders) k(kind, key, holder)
        where r.kind = k.kind and r.key = k.key and k.holder is null;
        insert into reservation (kind, key, holder, position)
        select k.kind, k.key, k.holder, k.claimed_at
        from unnest(key_kinds, keys, holders, claimed_at) k(kind, key, holder, claimed_at)
        where k.holder is not null and k.claimed_at is not null
        on conflict (kind, key) do update
            set holder = excluded.holder, position = excluded.position;
    end if;
end $$;

-- Have the commit that ends this transaction wait, as `synchronous_commit` wants it, until the disk (and a
-- synchronous standby) holds it, and so all that was committed before it: only a transaction that has
-- written something waits.
create function make_durable() returns pg_lsn language sql as $$
    select pg_catalog.pg_logical_emit_message(true, 'ampledger', '')
$$;

-- Append a batch of commands' events, and return once it is on disk. Its lock is held while it is worked
-- out, and not while the disk is waited for: that many do at once, which PostgreSQL makes one write of.
-- Until then readers see what a crash may still take back; nobody was answered yet, and it must not leave
-- the database. A call that is cut off in between is repeated: it finds its commands known, and waits for
-- the disk in its turn.
--
-- With the rights of the caller and no settings of its own, because no other procedure may commit; and not
-- within a transaction.
create procedure append_durably(
    c_id text[], marks bytea, marks_at int[], metas bytea, metas_at int[],
    answers text[], c_answer int[],
    c_parts_at int[], c_events_at int[], c_keys_at int[],
    streams text[], p_stream int[], p_version bigint[],
    types text[], schemas smallint[],
    e_stream int[], e_type int[], e_id uuid[], datas bytea, datas_at int[],
    key_kinds text[], keys text[], k_key int[], k_holder text[], k_claim boolean[],
    out positions bigint[], out refused jsonb
) language plpgsql as $$
declare
    durable bigint;
begin
    set local synchronous_commit = off;
    select a.positions, a.refused into positions, refused from public.append_commands(
        c_id, marks, marks_at, metas, metas_at, answers, c_answer, c_parts_at, c_events_at, c_keys_at,
        streams, p_stream, p_version, types, schemas, e_stream, e_type, e_id, datas, datas_at,
        key_kinds, keys, k_key, k_holder, k_claim) a;
    commit;

    select h.position into durable from public.log_head h;
    perform public.make_durable();
    commit;

    -- Up to where the log is on disk: a hint for the relay, never the only way it learns of events. On
    -- its own, because whoever notifies holds a lock on all databases until his commit is through.
    set local synchronous_commit = off;
    perform pg_notify('log', durable::text);
end $$;

-- migrate:down
drop procedure append_durably;
drop function make_durable;
do $$ begin
    execute replace(pg_get_functiondef('append_commands'::regproc), 'where position < head_position',
        'where position < head_position returning pg_notify(''log'', head_position::text)');
end $$;
