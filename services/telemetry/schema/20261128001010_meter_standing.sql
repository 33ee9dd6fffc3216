-- migrate:up

-- How meters at breakers are heard of: counts, and the latest of each. It is news and no history, so it is
-- in no log.
create table meter_standing (
    installation_id text   not null,
    meter_id        text   not null,
    taken           bigint not null,
    refused         bigint not null,
    last_taken      jsonb,
    last_refused    jsonb,
    primary key (installation_id, meter_id)
);

-- migrate:down
drop table meter_standing;
