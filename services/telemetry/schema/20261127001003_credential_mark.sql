-- migrate:up

-- What is kept of chargers' passwords: salted digests. Which of them are good is in the log; a row of
-- another one is good for nothing.
create table credential_mark (
    credential_id text  primary key,
    holder        text  not null,
    salt          bytea not null,
    digest        bytea not null
);
create index credential_mark_holder on credential_mark (holder);

-- migrate:down
drop table credential_mark;
