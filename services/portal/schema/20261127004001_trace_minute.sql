-- migrate:up

-- What chargers drew and breakers carried, minute by minute, for charts. It is a picture and no record: nothing
-- is decided or billed by it, and after some days it is gone. Arrays are amperes on L1, L2 and L3.
create table trace_minute (
    installation_id text        not null,
    part            text        not null,
    minute          timestamptz not null,
    low_a           real[]      not null,
    mean_a          real[]      not null,
    high_a          real[]      not null,
    committed_a     real[],
    limit_a         real,
    primary key (installation_id, part, minute)
);

-- Old minutes lie together: a few pages of this index find them.
create index trace_minute_by_time on trace_minute using brin (minute);

-- migrate:down
drop table trace_minute;
