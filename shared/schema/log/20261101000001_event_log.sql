-- migrate:up

-- The append-only log of one service. Positions are dense and start at 1, as the sequences of the
-- jetstream that copies the log do.
create table event_log (
    position    bigint      primary key,
    stream      text        not null,
    version     bigint      not null,
    type        text        not null,
    schema      smallint    not null,
    event_id    uuid        not null,
    data        bytea       not null,
    meta        bytea       not null,
    recorded_at timestamptz not null,
    hash        bytea       not null,
    unique (stream, version)
);

-- Where the log ends: one row, so that the next position and hash need no search.
create table log_head (
    one      boolean primary key default true check (one),
    position bigint  not null,
    hash     bytea   not null
);
insert into log_head (position, hash) values (0, decode(repeat('00', 32), 'hex'));

-- The version each stream is at.
create table log_stream (
    stream  text   primary key,
    version bigint not null
);

-- The first answer to every command, given again when the command is repeated.
create table log_command (
    command_id  text        primary key,
    fingerprint bytea       not null,
    answer      text        not null,
    position    bigint      not null,
    recorded_at timestamptz not null
);

-- Keys that exist once in the world, claimed and released together with the events that say so.
create table reservation (
    kind     text   not null,
    key      text   not null,
    holder   text   not null,
    position bigint not null,
    primary key (kind, key)
);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'the event log is append-only: % on % is refused', tg_op, tg_table_name
        using errcode = 'insufficient_privilege';
end $$;

create trigger event_log_is_append_only before update or delete or truncate on event_log
    for each statement execute function refuse_change();

-- migrate:down
drop table event_log, log_head, log_stream, log_command, reservation;
drop function refuse_change;
