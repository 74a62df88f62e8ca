-- What a month was closed from besides what its build reads today: what it was planned with, and what it remembers.

-- Feeds of which a build reads earlier published months, too, and how many; null: the newest one before it, however long
-- ago (changes of households and persons are told against it). A test holds this to the dbt project.
create or replace view ops.feed_history (department, feed, months) as
values
    ('water', 'supply', 12),
    ('water', 'scheme', 11),
    ('education', 'dropout', 11),
    ('civil_affairs', 'dibao', 23),
    ('civil_affairs', 'tekun', 12),
    ('health', 'settlement', 11),
    ('education', 'aid', 12),
    ('education', 'enrolment', 12),
    ('health', 'contract', 3),
    ('health', 'insurance', 3),
    ('power', 'connection', 6),
    ('register', 'household', null),
    ('register', 'member', null);
comment on view ops.feed_history is '回看月数 | feeds of which a build reads earlier months as they were published';

-- The submissions of those months, pinned as ops.build_input pins the month's own.
create table if not exists ops.build_history (
    build_id bigint not null references ops.build (build_id),
    department text not null,
    feed text not null,
    period text not null,
    submission_id text not null references ops.submission (submission_id),
    primary key (build_id, department, feed, period)
);
comment on table ops.build_history is '回看的报送 | earlier submissions whose published rows a build read';
create or replace trigger kept_once_published before update or delete on ops.build_history
for each row execute function ops.refuse_rewriting_published();

-- What a build was asked to read: a department left out since then was asked for, and asking again changes nothing.
create or replace view ops.planned_input as
select input.build_id, input.department, input.feed, input.submission_id
from ops.build_input as input
where not exists (
    select from ops.build_left_out as left_out
    where left_out.build_id = input.build_id and left_out.department = input.department
        and left_out.feed = input.feed
)
union all
select left_out.build_id, left_out.department, left_out.feed, left_out.submission_id
from ops.build_left_out as left_out;
comment on view ops.planned_input is '计划读取的报送 | what a build was planned with, before anybody was left out';

grant select on ops.feed_history, ops.build_history, ops.planned_input to hearth_loader;
grant insert on ops.build_history to hearth_publisher;
