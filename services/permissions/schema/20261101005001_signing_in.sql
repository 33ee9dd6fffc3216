-- migrate:up

-- Secrets are kept as hashes: whoever reads these tables can sign in as nobody.

create table account (
    person_id       text        primary key,
    registered_at   timestamptz not null,
    password_hash   text,
    password_set_at timestamptz
);

create table browser_session (
    secret_hash   bytea       primary key,
    session_id    text        not null unique,
    person_id     text        not null,
    method        text        not null,
    browser       text        not null,
    remote        text        not null,
    signed_in_at  timestamptz not null,
    last_at       timestamptz not null,
    expires_at    timestamptz not null,
    stepped_up_at timestamptz
);
create index browser_session_of_person on browser_session (person_id);

-- Devices from which somebody has signed in: they have a budget of failures of their own.
create table known_device (
    secret_hash bytea       primary key,
    person_id   text        not null,
    last_at     timestamptz not null
);
create index known_device_of_person on known_device (person_id);

-- How many sign-ins failed lately, by hashes of what they are counted for.
create table failed_sign_ins (
    counted_for bytea            primary key,
    failures    double precision not null,
    last_at     timestamptz      not null
);
create index failed_sign_ins_by_age on failed_sign_ins (last_at);

create table api_token (
    secret_hash bytea       primary key,
    token_id    text        not null unique,
    person_id   text        not null,
    label       text        not null,
    scopes      text[]      not null,
    issued_at   timestamptz not null,
    expires_at  timestamptz not null,
    last_at     timestamptz
);
create index api_token_of_person on api_token (person_id);

create table program (
    client_id   text   primary key,
    name        text   not null,
    scopes      text[] not null,
    secret_hash bytea  not null
);

create table program_access (
    secret_hash bytea       primary key,
    client_id   text        not null references program on delete cascade,
    scopes      text[]      not null,
    expires_at  timestamptz not null
);

create table passkey (
    passkey_id    text        primary key,
    credential_id bytea       not null unique,
    person_id     text        not null,
    public_key    bytea       not null,
    sign_count    bigint      not null,
    label         text        not null,
    added_at      timestamptz not null,
    last_at       timestamptz
);
create index passkey_of_person on passkey (person_id);

create table passkey_challenge (
    challenge_id text        primary key,
    challenge    bytea       not null,
    person_id    text,
    adding       boolean     not null,
    expires_at   timestamptz not null
);

create table company_identity (
    issuer    text        not null,
    subject   text        not null,
    person_id text        not null,
    linked_at timestamptz not null,
    primary key (issuer, subject)
);
create index company_identity_of_person on company_identity (person_id);

create table company_sign_in (
    state_hash   bytea       primary key,
    binding_hash bytea       not null,
    company      text        not null,
    nonce        text        not null,
    verifier     text        not null,
    redirect_uri text        not null,
    next         text        not null,
    expires_at   timestamptz not null
);

-- migrate:down
drop table company_sign_in, company_identity, passkey_challenge, passkey, program_access, program, api_token,
    failed_sign_ins, known_device, browser_session, account;
