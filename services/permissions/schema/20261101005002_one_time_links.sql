-- migrate:up
create table one_time_link (
    secret_hash bytea       primary key,
    person_id   text        not null,
    purpose     text        not null,
    expires_at  timestamptz not null,
    used_at     timestamptz
);

-- migrate:down
drop table one_time_link;
