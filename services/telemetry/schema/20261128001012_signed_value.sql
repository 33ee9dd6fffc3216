-- migrate:up

-- Values that meters have signed, as they were received. They may name whoever charged, so they are here and
-- not in the log, which has their digests: a row can go when somebody is forgotten, an event cannot.
create table signed_value (
    session_id      text        not null collate "C",
    sha256          bytea       not null,
    installation_id text        not null collate "C",
    charger_id      text        not null collate "C",
    person_id       text        collate "C",
    context         text        not null,
    format          text,
    public_key      text,
    measured_at     timestamptz not null,
    received_at     timestamptz not null default now(),
    start_wh        bigint      not null,
    end_wh          bigint,
    content         bytea       not null,
    primary key (session_id, sha256)
);
create index signed_value_person on signed_value (person_id) where person_id is not null;
create index signed_value_received on signed_value (received_at);

-- migrate:down
drop table signed_value;
