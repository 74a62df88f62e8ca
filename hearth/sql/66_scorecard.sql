-- How a department reports, month by month: complete, in time, passing, with what still open, and whether it gets better.

create or replace view ops.scorecard as
with live as (
    select county_code, period, department, sum(rows_received) as rows_received, sum(rows_accepted) as rows_accepted,
        sum(rows_rejected) as rows_rejected
    from ops.submission
    where state in ('accepted', 'partially_accepted') and period is not null
    group by county_code, period, department
), unanswered as (  -- files that wait for a person, and feeds of which every file was refused
    select county_code, period, department, count(*) filter (where is_waiting) as waiting_files,
        count(*) filter (where is_refused and not is_usable) as refused_feeds
    from (
        select county_code, period, department, feed,
            bool_or(state in ('awaiting_confirmation', 'awaiting_reopening')) as is_waiting,
            bool_or(state = 'rejected') as is_refused,
            bool_or(state in ('accepted', 'partially_accepted')) as is_usable
        from ops.submission
        where period is not null and department is not null and feed is not null and not is_test
        group by county_code, period, department, feed
    ) as fed
    group by county_code, period, department
), columns_changed as (
    select issue.county_code, first_file.period, issue.department, count(*) as column_issues
    from ops.schema_issue as issue
    inner join ops.submission as first_file on first_file.submission_id = issue.first_submission_id
    where issue.state = 'open'
    group by issue.county_code, first_file.period, issue.department
), scored as (
    select
        rate.county_code,
        rate.period,
        rate.department,
        rate.expected as expected_feeds,
        rate.early + rate.on_time + rate.late as received_feeds,
        rate.early + rate.on_time as timely_feeds,
        rate.reporting_rate as completeness,
        rate.on_time_rate as timeliness,
        coalesce(live.rows_received, 0)::bigint as rows_received,
        coalesce(live.rows_accepted, 0)::bigint as rows_accepted,
        round(live.rows_accepted::numeric / nullif(live.rows_received, 0), 4) as pass_rate,
        coalesce(live.rows_rejected, 0)::bigint as rejected_rows,
        coalesce(unanswered.waiting_files, 0)::integer as waiting_files,
        coalesce(unanswered.refused_feeds, 0)::integer as refused_feeds,
        coalesce(columns_changed.column_issues, 0)::integer as column_issues
    from ops.reporting_rate(now()) as rate
    left join live using (county_code, period, department)
    left join unanswered using (county_code, period, department)
    left join columns_changed using (county_code, period, department)
), compared as (
    select
        *,
        (completeness + coalesce(timeliness, 0) + coalesce(pass_rate, 0)) as total,
        lag(completeness + coalesce(timeliness, 0) + coalesce(pass_rate, 0)) over (
            partition by county_code, department order by period
        ) as total_before
    from scored
)
select
    county_code,
    period,
    department,
    expected_feeds,
    received_feeds,
    timely_feeds,
    completeness,
    timeliness,
    rows_received,
    rows_accepted,
    pass_rate,
    rejected_rows,
    waiting_files,
    refused_feeds,
    column_issues,
    (rejected_rows > 0)::integer + waiting_files + refused_feeds + column_issues as open_issues,
    case
        when total is null then 'not_expected'
        when total_before is null then 'new'
        when total > total_before then 'better'
        when total < total_before then 'worse'
        else 'same'
    end as trend
from compared;
comment on view ops.scorecard is '报送评分 | a department and month: completeness, timeliness, pass rate, open issues, trend';
comment on column ops.scorecard.completeness is '完整率 | feeds received of those expected, 0..1; null where none is expected';
comment on column ops.scorecard.timeliness is '及时率 | feeds in time of those expected, 0..1, by the first usable file';
comment on column ops.scorecard.pass_rate is '通过率 | rows accepted of rows received, 0..1, of the files in force; null without a row';
comment on column ops.scorecard.rejected_rows is '待更正行 | refused rows of the files in force, not mended so far';
comment on column ops.scorecard.waiting_files is '待确认报表 | feeds with a file that waits for a confirmation or a reopening';
comment on column ops.scorecard.refused_feeds is '被退回报表 | feeds of which no file was usable';
comment on column ops.scorecard.column_issues is '表结构变化 | changed columns first seen in that month and not settled';
comment on column ops.scorecard.open_issues is '未结问题 | rows to mend (as one), waiting files, refused feeds, column changes';
comment on column ops.scorecard.trend is '趋势 | completeness, timeliness and pass rate together against the month before';
