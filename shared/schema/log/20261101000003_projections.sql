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

-- What a stream's events fold to, up to a version of it, by the name of the fold: a cache that may be
-- deleted at any time.
create table snapshot (
    stream       text   not null collate "C",
    fold_version text   not null collate "C",
    version      bigint not null,
    state        bytea  not null,
    primary key (stream, fold_version)
);

-- migrate:down
drop table cursor, document, parked, snapshot;
