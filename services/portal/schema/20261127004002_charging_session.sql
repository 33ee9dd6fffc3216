-- migrate:up

-- Charging sessions, folded from the log of telemetry; all that is in them is in shared/rows.py's keeping.
create table charging_session (
    key             text        primary key,
    session_id      text        not null,
    installation_id text        not null,
    charger_id      text        not null,
    serial          text,
    person_id       text,
    card_mark       text,
    started_at      timestamptz not null,
    start_wh        bigint      not null,
    ended_at        timestamptz,
    end_wh          bigint,
    energy_wh       bigint,
    fell_wh         bigint      not null,
    before_wh       bigint      not null,
    before_fell_wh  bigint      not null,
    before_since    timestamptz,
    reason          text
);
create index charging_session_listed on charging_session (installation_id, started_at, session_id);
create index charging_session_at on charging_session (installation_id, charger_id, started_at, session_id);
create index charging_session_of on charging_session (person_id, started_at, session_id);
create index charging_session_reported on charging_session (installation_id, ended_at, session_id);

-- The first look at a charger's register in every quarter of an hour of a session, as it was heard: readings
-- are in no log, so no fold makes these.
create table register_mark (
    installation_id text        not null,
    session_id      text        not null,
    slot            bigint      not null,
    measured_at     timestamptz not null,
    register_wh     bigint      not null,
    primary key (installation_id, session_id, slot)
);

-- Sessions were documents before: the log of telemetry is folded anew.
delete from document where follower = 'portal-telemetry' or kind = 'charging-session';
update cursor set position = 0, event_id = null where consumer = 'portal' and service = 'telemetry';

-- migrate:down
drop table charging_session, register_mark;
