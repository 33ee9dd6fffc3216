-- migrate:up

-- The content of one event as its hash covers it. Lengths go before texts, so that no two events
-- have the same content bytes.
create function event_content(
    p_position bigint, p_stream text, p_version bigint, p_type text, p_schema smallint,
    p_event_id uuid, p_data bytea, p_meta bytea, p_recorded_at timestamptz
) returns bytea language sql immutable as $$
    select int8send(p_position) || int8send(p_version) || int2send(p_schema) || uuid_send(p_event_id)
        || int8send((extract(epoch from p_recorded_at) * 1000000)::bigint)
        || int4send(octet_length(convert_to(p_stream, 'UTF8'))) || convert_to(p_stream, 'UTF8')
        || int4send(octet_length(convert_to(p_type, 'UTF8'))) || convert_to(p_type, 'UTF8')
        || int4send(octet_length(p_meta)) || p_meta
        || int4send(octet_length(p_data)) || p_data
$$;

-- Append a batch of commands' events; every command gets its own verdict:
--   accepted    its events are in the log; position is the last one's (0 without events)
--   duplicate   the command is known; detail is the first answer, mark its fingerprint
--   conflict    a stream is at another version than the decision was taken at; decide again
--   taken       a key belongs to somebody else; detail is "kind key holder"
-- Commands, and everything that belongs to them, come as parallel arrays; *_to[i] is the index of
-- the last element of command i, so that command i owns the elements after *_to[i-1] up to it.
create function append_commands(
    c_id text[], c_fingerprint bytea[], c_answer text[], c_streams_to int[], c_events_to int[],
    c_keys_to int[],
    s_stream text[], s_version bigint[],
    e_stream text[], e_type text[], e_schema smallint[], e_id uuid[], e_data bytea[], e_meta bytea[],
    k_kind text[], k_key text[], k_holder text[], k_claim boolean[]
) returns table (verdict text, detail text, mark bytea, at_position bigint) language plpgsql as $$
declare
    head_position bigint;
    head_hash     bytea;
    first_position bigint;
    now_at        timestamptz;
    next_version  bigint;
    found_version bigint;
    found_holder  text;
    s_from int := 1; e_from int := 1; k_from int := 1;
begin
    -- The lock comes before anything is read: whoever holds it sees all earlier appends, and
    -- whoever reads positions in order can never overtake a slower writer.
    perform pg_advisory_xact_lock(7203316211);
    select log_head.position, log_head.hash into head_position, head_hash from log_head;
    first_position := head_position;
    now_at := clock_timestamp();

    <<commands>>
    for c in 1 .. cardinality(c_id) loop
        verdict := 'accepted'; detail := null; mark := null; at_position := 0;

        select log_command.answer, log_command.fingerprint, log_command.position
            into detail, mark, at_position
            from log_command where log_command.command_id = c_id[c];
        if found then
            verdict := 'duplicate';
        else
            at_position := 0;
            for s in s_from .. c_streams_to[c] loop
                select log_stream.version into found_version
                    from log_stream where log_stream.stream = s_stream[s];
                if coalesce(found_version, 0) <> s_version[s] then
                    verdict := 'conflict'; detail := s_stream[s];
                    exit;
                end if;
            end loop;
            if verdict = 'accepted' then
                for k in k_from .. c_keys_to[c] loop
                    continue when not k_claim[k];
                    select reservation.holder into found_holder from reservation
                        where reservation.kind = k_kind[k] and reservation.key = k_key[k];
                    if found and found_holder <> k_holder[k] then
                        verdict := 'taken'; detail := k_kind[k] || ' ' || k_key[k] || ' ' || found_holder;
                        exit;
                    end if;
                end loop;
            end if;
            if verdict = 'accepted' then
                for e in e_from .. c_events_to[c] loop
                    head_position := head_position + 1;
                    insert into log_stream (stream, version) values (e_stream[e], 1)
                        on conflict (stream) do update set version = log_stream.version + 1
                        returning log_stream.version into next_version;
                    head_hash := sha256(head_hash || event_content(
                        head_position, e_stream[e], next_version, e_type[e], e_schema[e], e_id[e],
                        e_data[e], e_meta[e], now_at));
                    insert into event_log values (
                        head_position, e_stream[e], next_version, e_type[e], e_schema[e], e_id[e],
                        e_data[e], e_meta[e], now_at, head_hash);
                end loop;
                if c_events_to[c] >= e_from then
                    at_position := head_position;
                end if;
                for k in k_from .. c_keys_to[c] loop
                    if k_claim[k] then
                        insert into reservation values (k_kind[k], k_key[k], k_holder[k], head_position)
                            on conflict do nothing;
                    else
                        delete from reservation where reservation.kind = k_kind[k]
                            and reservation.key = k_key[k] and reservation.holder = k_holder[k];
                    end if;
                end loop;
                insert into log_command values (
                    c_id[c], c_fingerprint[c], c_answer[c], at_position, now_at);
            end if;
        end if;

        s_from := c_streams_to[c] + 1; e_from := c_events_to[c] + 1; k_from := c_keys_to[c] + 1;
        return next;
    end loop;

    if head_position > first_position then
        update log_head set position = head_position, hash = head_hash;
        -- One notification a batch: a hint for the relay, never the only way it learns of events.
        perform pg_notify('log', head_position::text);
    end if;
end $$;

-- migrate:down
drop function append_commands;
drop function event_content;
