-- migrate:up

-- The append-only log of one service. Positions are dense and start at 1, as the sequences of the
-- jetstream that copies the log do. It lies in partitions by position, so that its old end can be put
-- aside whole; (stream, version) is unique within each, and over all of them because of log_stream.
create table event_log (
    position    bigint      primary key,
    stream      text        not null collate "C",
    version     bigint      not null,
    type        text        not null collate "C",
    schema      smallint    not null,
    event_id    uuid        not null,
    data        bytea       not null,
    meta        bytea       not null,
    recorded_at timestamptz not null,
    hash        bytea       not null
) partition by range (position);

-- Where the log ends: one row, so that the next position and hash need no search. There are partitions
-- for the positions up to `room`; each that is made holds `partition_size` more.
create table log_head (
    one            boolean primary key default true check (one),
    position       bigint  not null,
    hash           bytea   not null,
    room           bigint  not null,
    partition_size bigint  not null check (partition_size > 0)
) with (fillfactor = 10);
insert into log_head (position, hash, room, partition_size)
    values (0, decode(repeat('00', 32), 'hex'), 0, 10000000);

-- The version each stream is at.
create table log_stream (
    stream  text   primary key collate "C",
    version bigint not null
) with (fillfactor = 70);

-- The first answer to every command, given again when the command is repeated.
create table log_command (
    command_id  text        primary key collate "C",
    fingerprint bytea       not null,
    answer      text        not null,
    position    bigint      not null,
    recorded_at timestamptz not null
);

-- Keys that exist once in the world, claimed and released together with the events that say so.
create table reservation (
    kind     text   not null collate "C",
    key      text   not null collate "C",
    holder   text   not null collate "C",
    position bigint not null,
    primary key (kind, key)
);

-- The log is not changed, by nobody: a trigger on every partition says so even to a superuser, and its
-- owner has not the privilege. A role for the service itself needs no more than
--     grant select on all tables in schema public to ...
-- and what its own tables want: append_commands appends with the rights of its owner.
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'the event log is append-only: % on % is refused', tg_op, tg_table_name
        using errcode = 'insufficient_privilege';
end $$;

create trigger is_append_only before update or delete or truncate on event_log
    for each statement execute function refuse_change();
revoke update, delete, truncate on event_log from public, current_user;

-- Make partitions up to a position and, ahead of need, the next one. Attaching a partition holds up
-- neither readers nor writers; what it would have to wait for (somebody vacuums the log by hand) is only
-- waited for when there is no room left.
create function make_room(p_wanted bigint) returns void language plpgsql
    set search_path = public, pg_temp
as $$
declare
    head log_head;
    name text;
begin
    select * into head from log_head;
    while p_wanted > head.room - head.partition_size / 2 loop
        if p_wanted <= head.room then
            lock table event_log in share update exclusive mode nowait;
        end if;
        name := 'event_log_from_' || head.room + 1;
        execute format('create table %I (like event_log including all)', name);
        execute format('create unique index on %I (stream, version)', name);
        execute format('create trigger is_append_only before update or delete or truncate on %I'
            ' for each statement execute function refuse_change()', name);
        execute format('revoke update, delete, truncate on %I from public, current_user', name);
        execute format('alter table event_log attach partition %I for values from (%s) to (%s)',
            name, head.room + 1, head.room + head.partition_size + 1);
        update log_head set room = room + partition_size returning * into head;
    end loop;
exception when lock_not_available then
    if p_wanted > head.room then
        raise;
    end if;
end $$;
select make_room(1);

-- migrate:down
drop table event_log, log_head, log_stream, log_command, reservation;
drop function make_room(bigint);
drop function refuse_change;
