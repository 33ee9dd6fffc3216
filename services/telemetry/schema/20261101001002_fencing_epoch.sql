-- migrate:up

-- The newest epoch of a balancer seen per partition of installations; commands of older ones are
-- refused, also after a restart.
create table fencing_epoch (
    partition smallint primary key,
    epoch     bigint   not null
);

-- migrate:down
drop table fencing_epoch;
