-- migrate:up

-- What chargers and meters have measured, in partitions by day: a day that is over its time goes as a whole,
-- by one `drop table`. Quarters of an hour, which are kept for longer, are in partitions by month. All
-- borders are in UTC.

-- Chargers and meters have long names, and each of them thousands of readings a day.
create table reading_source (
    source          integer generated always as identity primary key,
    kind            text    not null collate "C" check (kind in ('charger', 'meter')),
    installation_id text    not null collate "C",
    name            text    not null collate "C",
    unique (installation_id, kind, name)
);

-- A reading that comes twice is the same one: no two have both times in common.
create table reading (
    source      integer     not null,
    measured_at timestamptz not null,
    received_at timestamptz not null,
    said_at     timestamptz,
    session_id  text        collate "C",
    l1_a        real        not null,
    l2_a        real        not null,
    l3_a        real        not null,
    register_wh bigint,
    power_w     double precision,
    primary key (source, measured_at, received_at)
) partition by range (measured_at);

create table breaker_reading (
    source      integer     not null,
    measured_at timestamptz not null,
    received_at timestamptz not null,
    said_at     timestamptz,
    l1_a        real,
    l2_a        real,
    l3_a        real,
    register_wh bigint,
    power_w     double precision,
    primary key (source, measured_at, received_at)
) partition by range (measured_at);

-- What the readings of a quarter of an hour say together. Energy between two quarters is told when it is
-- asked for, from the last look at the register in the one and the first in the other.
create table reading_quarter (
    source       integer            not null,
    begins       timestamptz        not null,
    readings     integer            not null,
    first_at     timestamptz        not null,
    last_at      timestamptz        not null,
    gap_s        double precision   not null,
    sums_a       double precision[] not null,
    counts       integer[]          not null,
    highs_a      double precision[] not null,
    power_sum_w  double precision   not null,
    powers       integer            not null,
    register_from timestamptz,
    first_wh     bigint,
    register_to  timestamptz,
    last_wh      bigint,
    gained_wh    bigint             not null,
    fell_wh      bigint             not null,
    late         text[]             not null default '{}',
    primary key (source, begins)
) partition by range (begins);

-- Quarters of which something was written since they were put together, and from when on it is time to.
create table reading_due (
    source  integer     not null,
    begins  timestamptz not null,
    ripe_at timestamptz not null,
    primary key (source, begins)
) with (fillfactor = 50);
create index on reading_due (ripe_at);

-- No day before this one is begun again: its readings are gone, and its quarters tell all there was.
create table reading_floor (
    one   boolean primary key default true check (one),
    began date    not null default '-infinity'
);
insert into reading_floor default values;

-- Make a partition unless it is there. Attaching holds up neither readers nor writers.
create function make_reading_partition(p_of text, p_name text, p_from timestamptz, p_to timestamptz)
    returns void language plpgsql
    set search_path = public, pg_temp
as $$
begin
    if to_regclass(p_name) is null then
        execute format('create table %I (like %I including all)', p_name, p_of);
        execute format('alter table %I attach partition %I for values from (%L) to (%L)',
                       p_of, p_name, p_from, p_to);
    end if;
end $$;

-- Make room for what was measured at a moment, and say whether single readings of then are (still) kept.
-- Services have not the privilege to make tables; these functions have the rights of their owner.
create function make_reading_room(p_at timestamptz, p_days integer) returns boolean language plpgsql
    security definer
    set search_path = public, pg_temp
    set timezone = 'UTC'
    set lock_timeout = '5s'
as $$
declare
    day   date := p_at::date;
    month date := date_trunc('month', p_at)::date;
begin
    if p_days < 2 or p_at > now() + interval '40 days' then
        raise exception 'no room is made for % with % days', p_at, p_days
            using errcode = 'invalid_parameter_value';
    end if;
    perform pg_advisory_xact_lock(7203316221);
    perform make_reading_partition('reading_quarter', 'reading_quarter_' || to_char(month, 'YYYYMM'),
                                   month, month + interval '1 month');
    if day <= current_date - p_days or day < (select began from reading_floor) then
        return false;
    end if;
    perform make_reading_partition('reading', 'reading_' || to_char(day, 'YYYYMMDD'), day, day + 1);
    perform make_reading_partition('breaker_reading', 'breaker_reading_' || to_char(day, 'YYYYMMDD'),
                                   day, day + 1);
    return true;
end $$;

-- Drop what is over its time: days of readings, months of quarters. Returns the names of what is gone.
create function drop_old_readings(p_days integer, p_months integer) returns text[] language plpgsql
    security definer
    set search_path = public, pg_temp
    set timezone = 'UTC'
    set lock_timeout = '5s'
as $$
declare
    floor date := current_date - p_days;
    old   text[];
    name  text;
begin
    if p_days < 2 or p_months < 2 then
        raise exception 'readings are kept for two days, and quarters for two months, at least'
            using errcode = 'invalid_parameter_value';
    end if;
    perform pg_advisory_xact_lock(7203316221);
    select coalesce(array_agg(c.relname::text order by c.relname), '{}') into old
        from pg_inherits i
        join pg_class c on c.oid = i.inhrelid
        join pg_class p on p.oid = i.inhparent
        where case
            when p.oid in ('reading'::regclass, 'breaker_reading'::regclass)
                then to_date(right(c.relname, 8), 'YYYYMMDD') <= floor
            when p.oid = 'reading_quarter'::regclass
                then to_date(right(c.relname, 6), 'YYYYMM')
                    < date_trunc('month', now()) - make_interval(months => p_months)
            else false
        end;
    update reading_floor set began = greatest(began, floor + 1) where began < floor + 1;
    foreach name in array old loop
        execute format('drop table %I', name);
    end loop;
    return old;
end $$;

-- migrate:down
drop function drop_old_readings;
drop function make_reading_room;
drop function make_reading_partition;
drop table reading_floor, reading_due, reading_quarter, breaker_reading, reading, reading_source;
