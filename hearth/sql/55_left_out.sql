-- Whose staging failed in a build, so that the build went on without their submission of the month.
create table if not exists ops.build_left_out (
    build_id bigint not null references ops.build (build_id),
    department text not null,
    feed text not null,
    submission_id text not null references ops.submission (submission_id),
    carried_submission_id text references ops.submission (submission_id),
    reason text not null,
    left_out_at timestamptz not null default now(),
    primary key (build_id, department, feed)
);
comment on table ops.build_left_out is '未采用的报送 | submissions a build was closed without, and what was carried instead';
