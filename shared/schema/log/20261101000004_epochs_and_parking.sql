-- migrate:up

-- A log that lost events it had announced (a restored backup) begins a new epoch: its jetstream is
-- announced anew, from position 1, and followers begin anew with it. `halted_why` is set while log and
-- jetstream contradict each other: nothing is appended until somebody has decided which is true.
alter table log_head
    add column epoch      integer not null default 1,
    add column halted_why text,
    add column halted_by  text check (halted_by in ('relay', 'restore')),
    add column halted_at  timestamptz;

-- Why there is a new epoch, and what was lost with the one before.
create table log_epoch (
    epoch             integer     primary key,
    began_at          timestamptz not null default clock_timestamp(),
    actor             text        not null,
    reason            text        not null,
    head              bigint      not null,
    retired_jetstream text,
    retired_last      bigint
);

create function refuse_while_halted() returns trigger language plpgsql as $$
begin
    -- "cannot connect now" is what every writer waits at and tries again.
    raise exception 'the log is halted: %', old.halted_why using errcode = 'cannot_connect_now';
end $$;

create trigger log_is_halted before update of position on log_head
    for each row when (old.halted_why is not null) execute function refuse_while_halted();

-- The event and the epoch of the log that a cursor is at: a log that was changed behind a follower's back
-- is seen. `heartbeat_at` moves although nothing happens.
alter table cursor
    add column log_epoch    integer     not null default 1,
    add column event_id     uuid,
    add column heartbeat_at timestamptz not null default clock_timestamp();

-- The follower in whose transaction a document was written, to wipe what it has folded and no more.
alter table document
    add column follower text default nullif(current_setting('ampledger.follower', true), '');
create index on document (follower) where follower is not null;

alter table parked
    add column event_id      uuid,
    add column type          text,
    add column attempts      integer     not null default 1,
    add column tried_at      timestamptz not null default clock_timestamp(),
    add column retry_from_at timestamptz;
create index on parked (consumer, service, aggregate_id, position);

-- Events that somebody decided to leave out, knowingly.
create table skipped (
    consumer     text        not null,
    service      text        not null,
    log_epoch    integer     not null,
    position     bigint      not null,
    aggregate_id text        not null,
    event_id     uuid,
    type         text,
    error        text        not null,
    actor        text        not null,
    reason       text        not null,
    skipped_at   timestamptz not null default clock_timestamp(),
    primary key (consumer, service, log_epoch, position)
);

-- migrate:down
drop table log_epoch, skipped;
drop trigger log_is_halted on log_head;
drop function refuse_while_halted;
alter table log_head drop column epoch, drop column halted_why, drop column halted_by,
    drop column halted_at;
alter table cursor drop column log_epoch, drop column event_id, drop column heartbeat_at;
alter table document drop column follower;
drop index parked_consumer_service_aggregate_id_position_idx;
alter table parked drop column event_id, drop column type, drop column attempts,
    drop column tried_at, drop column retry_from_at;
