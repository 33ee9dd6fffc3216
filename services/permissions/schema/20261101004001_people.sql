-- migrate:up

-- The key of each person's data, itself encrypted with the master key. Its row is all that a person's
-- sealed data in the log can be read with; without it, nobody reads it any more.
create table person_key (
    person_id text        primary key collate "C",
    wrapped   bytea       not null,
    made_at   timestamptz not null
);

-- Which invitations were sent by e-mail, by the event that says somebody was invited. What was begun and
-- has neither ended nor failed was cut off in the middle: whether it arrived is unknown, and it is not
-- sent again.
create table invitation (
    event_id  uuid        primary key,
    person_id text        not null collate "C",
    begun_at  timestamptz,
    sent_at   timestamptz,
    next_at   timestamptz not null,
    attempts  integer     not null default 0,
    fault     text        not null default ''
);

-- migrate:down
drop table person_key, invitation;
