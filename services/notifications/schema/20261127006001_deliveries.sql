-- migrate:up

-- What is to be told, to whom, and how often it was tried: nothing of it is forgotten by a restart.
-- What was tried is not tried again before `due_at`, so that whoever dies in the middle is followed by
-- another attempt, under the same id.
create table delivery (
    delivery_id     text        primary key collate "C",
    installation_id text        not null collate "C",
    way             text        not null,
    kind            text        not null,
    target          text        not null collate "C",
    cause           text        not null collate "C",
    warning_id      text        collate "C",
    order_id        text        collate "C",
    body            text        not null default '',
    made_at         timestamptz not null,
    tried_from      timestamptz not null,
    due_at          timestamptz not null,
    batch           text        collate "C",
    attempts        integer     not null default 0,
    fault           text        not null default '',
    done_at         timestamptz,
    dead_at         timestamptz,
    recorded        boolean     not null default false,
    unique (installation_id, way, target, cause)
);
create index delivery_due on delivery (due_at) where done_at is null and dead_at is null;
create index delivery_dead on delivery (installation_id) where dead_at is not null;
create index delivery_unrecorded on delivery (batch) where not recorded;
create index delivery_done on delivery (installation_id, target, done_at) where done_at is not null;

-- Up to where in our own log whoever has to be told was found.
create table told_up_to (
    only_one boolean primary key default true check (only_one),
    position bigint  not null
);

-- migrate:down
drop table delivery, told_up_to;
