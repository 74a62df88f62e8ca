-- What is expected of whom, and until when; what came of it. Written by ingestion.calendar, read by everybody.

-- Why a day or an expectation is not the rule's: who said so. Only ever inserted.
create table if not exists ops.calendar_change (
    change_id bigint generated always as identity primary key,
    county_code text not null,
    period text not null check (period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
    department text not null,
    feed text not null,
    expectation text check (expectation in ('expected', 'not_expected')),
    due_date date,
    reason text not null check (reason ~ '[^[:space:]]'),
    decided_by text not null check (decided_by ~ '[^[:space:]]'),
    decided_at timestamptz not null default now(),
    constraint calendar_change_says_something check (num_nonnulls(expectation, due_date) > 0)
);
comment on table ops.calendar_change is '报送日历变更 | moved due dates and waived reports, with reason and name';

create table if not exists ops.calendar (
    county_code text not null,
    period text not null check (period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
    department text not null,
    feed text not null,
    expectation text not null default 'expected' check (expectation in ('expected', 'not_expected')),
    rule_due_date date not null,
    due_at timestamptz not null,
    cutoff_at timestamptz not null check (cutoff_at > due_at),
    moved_because text,
    is_provisional boolean not null,
    primary key (county_code, period, department, feed)
);
comment on table ops.calendar is '报送日历 | what is expected of whom for a month, and until when';
comment on column ops.calendar.rule_due_date is '规定截止日 | the day that the contract names, before holidays and changes';
comment on column ops.calendar.due_at is '截止时间 | last moment that counts as on time';
comment on column ops.calendar.cutoff_at is '关账时间 | after it the month is closed with what has come';
comment on column ops.calendar.moved_because is '顺延原因 | holiday, or the reason of the change in force';
comment on column ops.calendar.is_provisional is '节假日安排未公布 | make-up workdays of that year are not ordered yet';

-- One row a feed and month, as it stood at a moment. Test runs never count; a correction never makes a month late,
-- because the first usable file's moment is written once (ops.first_arrival).
-- Two clocks: the department's from the due moment to the file, the warehouse's from the file to verdict and to the
-- first publication that holds the month's own file. Waiting on the warehouse is never the department's time.
create or replace function ops.reporting(as_of timestamptz)
returns table (
    county_code text,
    period text,
    department text,
    feed text,
    expectation text,
    due_at timestamptz,
    cutoff_at timestamptz,
    received_at timestamptz,
    verdict_at timestamptz,
    published_at timestamptz,
    is_nil_return boolean,
    timeliness text,
    department_clock interval,
    verdict_clock interval,
    publication_clock interval
)
language sql stable
begin atomic
    with published as (
        select input.department, input.feed, publication.county_code, publication.period,
            min(publication.published_at) as published_at
        from ops.publication as publication
        inner join ops.build_input as input on input.build_id = publication.build_id
        where not input.is_carried
        group by input.department, input.feed, publication.county_code, publication.period
    ), arrival as (
        select arrived.county_code, arrived.department, arrived.feed, arrived.period, arrived.received_at,
            first_file.verdict_at, exists (
                select from ops.submission as live
                where live.county_code = arrived.county_code and live.department = arrived.department
                    and live.feed = arrived.feed and live.period = arrived.period
                    and live.state in ('accepted', 'partially_accepted') and live.is_nil_return
            ) as is_nil_return
        from ops.first_arrival as arrived
        inner join ops.submission as first_file on first_file.submission_id = arrived.submission_id
        where arrived.received_at <= as_of
    )
    select
        calendar.county_code,
        calendar.period,
        calendar.department,
        calendar.feed,
        calendar.expectation,
        calendar.due_at,
        calendar.cutoff_at,
        arrival.received_at,
        arrival.verdict_at,
        published.published_at,
        coalesce(arrival.is_nil_return, false),
        case
            when calendar.expectation = 'not_expected' then 'not_expected'
            when arrival.received_at <= calendar.due_at - interval '5 days' then 'early'
            when arrival.received_at <= calendar.due_at then 'on_time'
            when arrival.received_at > calendar.due_at then 'late'
            when as_of <= calendar.due_at then 'pending'
            else 'missing'
        end,
        greatest(arrival.received_at - calendar.due_at, interval '0'),
        arrival.verdict_at - arrival.received_at,
        published.published_at - arrival.received_at
    from ops.calendar as calendar
    left join arrival
        on arrival.county_code = calendar.county_code and arrival.period = calendar.period
        and arrival.department = calendar.department and arrival.feed = calendar.feed
    left join published
        on published.county_code = calendar.county_code and published.period = calendar.period
        and published.department = calendar.department and published.feed = calendar.feed;
end;

-- OPS-01 and OPS-02 of the indicator registry, a department and month. What is not expected is not counted.
create or replace function ops.reporting_rate(as_of timestamptz)
returns table (
    county_code text,
    period text,
    department text,
    expected integer,
    early integer,
    on_time integer,
    late integer,
    missing integer,
    pending integer,
    not_expected integer,
    nil integer,
    reporting_rate numeric,
    on_time_rate numeric
)
language sql stable
begin atomic
    with counted as (
        select
            reported.county_code,
            reported.period,
            reported.department,
            count(*) filter (where reported.timeliness <> 'not_expected')::integer as expected,
            count(*) filter (where reported.timeliness = 'early')::integer as early,
            count(*) filter (where reported.timeliness = 'on_time')::integer as on_time,
            count(*) filter (where reported.timeliness = 'late')::integer as late,
            count(*) filter (where reported.timeliness = 'missing')::integer as missing,
            count(*) filter (where reported.timeliness = 'pending')::integer as pending,
            count(*) filter (where reported.timeliness = 'not_expected')::integer as not_expected,
            count(*) filter (where reported.is_nil_return and reported.timeliness <> 'not_expected')::integer as nil
        from ops.reporting(as_of) as reported
        group by reported.county_code, reported.period, reported.department
    )
    select
        counted.*,
        round((counted.early + counted.on_time + counted.late)::numeric / nullif(counted.expected, 0), 4),
        round((counted.early + counted.on_time)::numeric / nullif(counted.expected, 0), 4)
    from counted;
end;

-- One message an owner and day (requirements C1; capabilities: reminders T-5, T-1, escalation T+1, T+3).
create table if not exists ops.reminder (
    county_code text not null,
    day date not null,
    owner text not null,
    is_escalation boolean not null,
    items jsonb not null,
    sent_at timestamptz not null default now(),
    primary key (county_code, day, owner)
);
comment on table ops.reminder is '催报记录 | reminders that went out: to whom, when, about which feeds';
