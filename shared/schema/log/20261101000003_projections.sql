-- migrate:up

-- How far a consumer has come in the log of a service; moved in the transaction of its effect.
create table cursor (
    consumer text   not null,
    service  text   not null,
    position bigint not null,
    primary key (consumer, service)
);

-- Read models: one document per kind and key, folded from events, and disposable.
create table document (
    kind text  not null,
    key  text  not null,
    body jsonb not null,
    primary key (kind, key)
);

-- Events that could not be applied, and those of the same aggregate behind them.
create table parked (
    consumer     text        not null,
    service      text        not null,
    position     bigint      not null,
    aggregate_id text        not null,
    error        text        not null,
    parked_at    timestamptz not null default clock_timestamp(),
    primary key (consumer, service, position)
);

-- migrate:down
drop table cursor, document, parked;
