-- Households whose placeholder numbers are not asked about for a while (GEN-17, R-ALL-04): who allows it, why, how long.
-- A month is covered if its last day lies between the two dates, so a month that is judged again gives the same answer.
create table if not exists ops.placeholder_waiver (
    waiver_id bigint generated always as identity primary key,
    county_code text not null,
    household_no text not null check (household_no ~ '[^[:space:]]'),
    reason text not null check (reason ~ '[^[:space:]]'),
    granted_by text not null check (granted_by ~ '[^[:space:]]'),
    granted_at timestamptz not null default now(),
    valid_from date not null,
    valid_until date not null check (valid_until >= valid_from)
);
comment on table ops.placeholder_waiver is '占位证件号豁免 | households whose placeholder numbers are not asked about';
