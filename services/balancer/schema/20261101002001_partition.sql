-- migrate:up

-- Who decides for a partition of installations. The session advisory lock chooses who works; the
-- epoch, one higher with every taking, keeps a former holder from doing harm.
create table partition (
    partition smallint    primary key,
    epoch     bigint      not null,
    holder    text        not null,
    taken_at  timestamptz not null default clock_timestamp()
);

-- migrate:down
drop table partition;
