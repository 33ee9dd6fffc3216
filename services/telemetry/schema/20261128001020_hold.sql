-- migrate:up

-- The gateways that there are, or were until nobody has looked after what they left behind. Which of them
-- are alive is told by locks (services/telemetry/roster.py).
create table gateway (
    gateway_id text        primary key,
    number     integer     not null,
    seen_at    timestamptz not null default clock_timestamp()
);

-- Which gateway holds the socket of which charger. The number rises whenever a charger is taken: whoever
-- has an older one holds it no more, whatever he believes.
create table hold (
    charger_id text    primary key,
    serial     text    not null,
    gateway_id text    not null,
    number     bigint  not null,
    held       boolean not null
);
create index hold_of_serial on hold (serial) where held;
create index hold_of_gateway on hold (gateway_id) where held;

-- Chargers that are connected to a gateway of before, as the log has it: that gateway has ended.
with latest as (
    select distinct on (stream) type, convert_from(data, 'UTF8')::jsonb as fact
    from event_log
    where stream like 'charger-%' and type in ('ChargerConnected', 'ChargerDisconnected')
    order by stream, version desc
), connected as (
    insert into hold (charger_id, serial, gateway_id, number, held)
    select fact->>'charger_id', fact->>'serial', fact->>'gateway_id', 1, true
    from latest where type = 'ChargerConnected'
    returning gateway_id
)
insert into gateway (gateway_id, number) select distinct gateway_id, 0 from connected;

-- What a charger has confirmed, and from where it came, is for all gateways; where it was taken away from is
-- folded by each for itself.
insert into document (kind, key, body)
select 'confirmed', key, body - 'left' from document where kind = 'whereabouts'
on conflict do nothing;

-- migrate:down
delete from document where kind = 'confirmed';
drop table hold, gateway;
