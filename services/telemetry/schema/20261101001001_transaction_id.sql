-- migrate:up

-- OCPP 1.6 transaction ids: integers of 32 bits, never given twice.
create sequence transaction_id as integer;

-- migrate:down
drop sequence transaction_id;
