-- migrate:up

-- Append a batch of commands' events, and return once it is on disk. Its lock is held while it is worked
-- out, and not while the disk is waited for: that many do at once, which PostgreSQL makes one write of.
-- Until then readers see what a crash may still take back; nobody was answered yet, and it must not leave
-- the database. A call that is cut off in between is repeated: it finds its commands known, and waits for
-- the disk in its turn.
--
-- It notifies nobody: who has called tells up to where the log is on disk, after the answer, and of many
-- calls at once.
--
-- With the rights of the caller and no settings of its own, because no other procedure may commit; and not
-- within a transaction.
create or replace procedure append_durably(
    c_id text[], marks bytea, marks_at int[], metas bytea, metas_at int[],
    answers text[], c_answer int[],
    c_parts_at int[], c_events_at int[], c_keys_at int[],
    streams text[], p_stream int[], p_version bigint[],
    types text[], schemas smallint[],
    e_stream int[], e_type int[], e_id uuid[], datas bytea, datas_at int[],
    key_kinds text[], keys text[], k_key int[], k_holder text[], k_claim boolean[],
    out positions bigint[], out refused jsonb
) language plpgsql as $$
begin
    set local synchronous_commit = off;
    select a.positions, a.refused into positions, refused from public.append_commands(
        c_id, marks, marks_at, metas, metas_at, answers, c_answer, c_parts_at, c_events_at, c_keys_at,
        streams, p_stream, p_version, types, schemas, e_stream, e_type, e_id, datas, datas_at,
        key_kinds, keys, k_key, k_holder, k_claim) a;
    commit;
    perform public.make_durable();
end $$;

-- migrate:down
create or replace procedure append_durably(
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

    set local synchronous_commit = off;
    perform pg_notify('log', durable::text);
end $$;
