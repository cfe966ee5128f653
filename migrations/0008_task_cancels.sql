-- What a run leaves behind elsewhere when it ends, how often a step was tried, and which trace a run is of.

-- A task of a server outlives the run that began it. Whoever ends such a run owes the server the word that
-- nobody wants the task any more: a row here, until a worker has said so or has given up. The run has ended
-- meanwhile, whatever comes of it.
create table ops.task_cancels (
  run_id bigint not null references ops.runs (id) on delete cascade,
  position int not null check (position > 0),
  created_at timestamptz not null default clock_timestamp(),
  due timestamptz not null default clock_timestamp(),
  tries int not null default 0,
  claimed_by text,
  token uuid,
  outcome text check (outcome in ('canceled', 'gone', 'failed')),
  said text,
  ended_at timestamptz,
  primary key (run_id, position),
  check ((outcome is null) = (ended_at is null))
);
comment on column ops.task_cancels.due is 'when a worker may take it, again if the one that has it was lost';
comment on column ops.task_cancels.outcome is 'gone: the server does not know the task, or it was over already';
create index task_cancels_due on ops.task_cancels (due) where ended_at is null;

-- Steps that were laid down before this say it now too.
update ops.run_steps set resume = jsonb_set(resume, '{elsewhere}', 'true')
where jsonb_typeof(resume) = 'object' and resume -> 'state' ->> 'kind' = 'task'
  and status not in ('succeeded', 'failed', 'skipped', 'canceled');

alter table ops.run_steps add column tries int not null default 0;
comment on column ops.run_steps.tries is 'how often its call was begun; going on with a call that waited is none';

-- As before, and how often it was tried.
create or replace function ops.step_data(s ops.run_steps) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('position', s.position, 'id', s.id, 'tool', s.tool, 'status', s.status,
                            'error', s.error, 'hint', s.hint, 'tries', s.tries)
$$;

-- W3C trace context: the caller's, or one of its own; the tools' calls are spans under it.
create function ops.new_traceparent() returns text language sql volatile as $$
  select '00-' || replace(gen_random_uuid()::text, '-', '') || '-'
         || left(replace(gen_random_uuid()::text, '-', ''), 16) || '-01'
$$;
alter table ops.runs add column traceparent text, add column tracestate text;

-- As before; what still works for the run elsewhere is to be told.
create or replace function ops.end_run(r ops.runs, status text, error text, hint text, more jsonb default '{}')
returns ops.runs
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  s ops.run_steps;
begin
  perform ops.close_questions(r, 'withdrawn', false);
  insert into ops.task_cancels (run_id, position)
  select r.id, s.position from ops.run_steps s
  where s.run_id = r.id and s.status not in ('succeeded', 'failed', 'skipped', 'canceled')
    and s.resume -> 'elsewhere' = 'true'
  on conflict do nothing;
  for s in update ops.run_steps set status = 'canceled', finished_at = clock_timestamp()
           where run_id = r.id and status = 'waiting' returning * loop
    perform ops.add_event(r, 'step.finished', ops.step_data(s), s.id);
  end loop;
  update ops.runs set status = end_run.status, error = end_run.error, hint = end_run.hint,
    finished_at = clock_timestamp(), look_again = null,
    canceled_at = case when end_run.status = 'canceled' then coalesce(canceled_at, now()) else canceled_at end
  where id = r.id returning * into r;
  perform ops.add_event(r, 'run.finished', ops.run_data(r, end_run.more));
  perform ops.promote_lane(r.session_id, r.lane);
  return r;
end $$;

-- As before, and how often it was tried.
create or replace function ops.put_step(r ops.runs, step jsonb) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  insert into ops.run_steps as old (run_id, position, id, tool, status, attempt, arguments, output, resume, delivery,
                                    error, hint, tries, started_at, finished_at)
  select r.id, s.position, s.id, s.tool, s.status, r.attempt, coalesce(s.arguments, 'null'),
         coalesce(s.output, 'null'), coalesce(s.resume, 'null'), s.delivery, s.error, s.hint, coalesce(s.tries, 0),
         coalesce(s.started_at, case when s.status = 'running' then now() end),
         coalesce(s.finished_at, case when s.status in ('succeeded', 'failed', 'skipped', 'canceled') then now() end)
  from jsonb_to_record(put_step.step)
    as s(position int, id text, tool text, status text, arguments jsonb, output jsonb, resume jsonb, delivery text,
         error text, hint text, tries int, started_at timestamptz, finished_at timestamptz)
  on conflict (run_id, position) do update set
    id = excluded.id, tool = excluded.tool, status = excluded.status, attempt = excluded.attempt,
    arguments = excluded.arguments, output = excluded.output, resume = excluded.resume, delivery = excluded.delivery,
    error = excluded.error, hint = excluded.hint, tries = excluded.tries,
    started_at = coalesce(excluded.started_at, old.started_at), finished_at = excluded.finished_at
  where old.status not in ('succeeded', 'failed', 'skipped', 'canceled') or old.status = excluded.status;
  if not found then
    raise exception using errcode = 'OP005',
      message = format('step %s of run %s has ended already', step ->> 'id', r.id);
  end if;
end $$;

-- As before; a call that was under way is in the audit log although nobody is left to tell of it. Which
-- server had it, and what of it was sent, its worker alone knew.
create or replace function ops.interrupt_steps(r ops.runs, reason text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  s ops.run_steps;
begin
  insert into ops.audit_log (kind, who, run_id, step, position, attempt, worker, tool, started, took_us, delivery, outcome)
  select 'call', r.created_by, r.id, x.id, x.position, r.attempt, r.claimed_by, x.tool, x.started_at,
         greatest(extract(epoch from clock_timestamp() - x.started_at) * 1000000, 0)::bigint, 'unknown', 'interrupted'
  from ops.run_steps x
  where x.run_id = r.id and x.attempt = r.attempt
    and (x.status = 'running' or (x.status = 'waiting' and x.resume = 'null'));
  for s in update ops.run_steps set status = 'interrupted', delivery = 'unknown',
             error = coalesce(error, interrupt_steps.reason)
           where run_id = r.id and status = 'running' returning * loop
    perform ops.add_event(r, 'step.finished', ops.step_data(s), s.id);
  end loop;
end $$;

-- Takes up to count servers to be told, for so long; a worker that is lost meanwhile leaves them to others.
create function ops.claim_task_cancels(worker text, count int default 1, lease_seconds double precision default 120)
returns setof ops.task_cancels
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  t ops.task_cancels;
begin
  for t in select * from ops.task_cancels x where x.ended_at is null and x.due <= clock_timestamp()
           order by x.due limit greatest(least(claim_task_cancels.count, 100), 0) for update skip locked loop
    update ops.task_cancels set tries = tries + 1, claimed_by = claim_task_cancels.worker, token = gen_random_uuid(),
      due = clock_timestamp() + make_interval(secs => claim_task_cancels.lease_seconds)
    where run_id = t.run_id and position = t.position returning * into t;
    return next t;
  end loop;
end $$;

-- What came of telling a server: canceled, gone or failed; or null, and somebody tries again then. Says false
-- when it is another worker's by now, or over: nothing was written.
create function ops.end_task_cancel(
  run bigint, "position" int, token uuid, outcome text, said text, again_seconds double precision default null,
  calls jsonb default '[]'
) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  r ops.runs;
  s ops.run_steps;
  t ops.task_cancels;
begin
  select * into r from ops.runs x where x.id = end_task_cancel.run for no key update;
  select * into t from ops.task_cancels x
  where x.run_id = r.id and x.position = end_task_cancel."position" for update;
  if t.ended_at is not null or t.token is distinct from end_task_cancel.token then return false; end if;
  select * into s from ops.run_steps x where x.run_id = r.id and x.position = t.position;
  r.claimed_by := t.claimed_by;
  perform ops.audit_calls(r, to_jsonb(s), end_task_cancel.calls);
  if end_task_cancel.outcome is null then
    update ops.task_cancels set said = end_task_cancel.said,
      due = clock_timestamp() + make_interval(secs => coalesce(end_task_cancel.again_seconds, 0))
    where run_id = t.run_id and position = t.position;
    return true;
  end if;
  update ops.task_cancels set outcome = end_task_cancel.outcome, said = end_task_cancel.said,
    ended_at = clock_timestamp()
  where run_id = t.run_id and position = t.position;
  perform ops.add_event(r, 'note', jsonb_build_object(
    'text', end_task_cancel.said, 'task_cancel', end_task_cancel.outcome), s.id);
  return true;
end $$;

drop function ops.enqueue_run(bigint, text, text, text, jsonb, jsonb, int, text, text);

-- As before, and of which trace it is; one of its own unless the caller gives it.
create function ops.enqueue_run(
  session_id bigint, lane text default 'A', intent text default '', runbook text default '',
  plan jsonb default 'null', inputs jsonb default '{}', priority int default 100,
  dedupe_key text default null, who text default '', traceparent text default null, tracestate text default null
) returns ops.runs
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  r ops.runs;
  head ops.runs;
  s ops.sessions;
begin
  select * into s from ops.sessions where id = enqueue_run.session_id;
  if s.id is null then
    raise exception using errcode = 'OP004',
      message = format('session %s does not exist', enqueue_run.session_id);
  end if;
  if enqueue_run.lane is null or enqueue_run.lane !~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$' then
    raise exception using errcode = 'OP006', message = format('%L is not a lane name', enqueue_run.lane),
      hint = 'A lane is a letter or digit, then up to 31 letters, digits, dashes or underscores.';
  end if;
  if jsonb_typeof(enqueue_run.plan) not in ('object', 'null') then
    raise exception using errcode = 'OP006', message = 'plan must be an object',
      hint = 'The plan is the runbook with its steps; POST /run and the command line make it.';
  end if;
  if jsonb_typeof(enqueue_run.inputs) <> 'object' then
    raise exception using errcode = 'OP006', message = 'inputs must be an object',
      hint = 'Give one member for each input of the runbook.';
  end if;
  if enqueue_run.dedupe_key is not null then
    perform pg_advisory_xact_lock(hashtextextended('ops.dedupe:' || s.id || ':' || enqueue_run.dedupe_key, 0));
    select * into r from ops.runs x where x.session_id = s.id and x.dedupe_key = enqueue_run.dedupe_key;
    if r.id is not null then return r; end if;
  end if;
  perform pg_advisory_xact_lock(ops.lane_key(s.id, enqueue_run.lane));
  insert into ops.lanes (session_id, lane, branch, base)
  values (s.id, enqueue_run.lane, format('opsroom/%s/%s', s.slug, enqueue_run.lane), s.base)
  on conflict do nothing;

  select * into head from ops.runs x
  where x.session_id = s.id and x.lane = enqueue_run.lane and x.status in ('queued', 'running', 'waiting')
  for no key update;
  if head.status = 'queued' and head.attempt = 0 and coalesce(enqueue_run.priority, 100) < head.priority then
    update ops.runs set status = 'blocked' where id = head.id returning * into head;
    perform ops.add_event(head, 'run.queued', ops.run_data(head));
    head := null;
  end if;
  insert into ops.runs (session_id, lane, status, priority, intent, runbook, plan, inputs, dedupe_key, created_at,
                        created_by, traceparent, tracestate)
  values (s.id, enqueue_run.lane, case when head.id is null then 'queued' else 'blocked' end,
          coalesce(enqueue_run.priority, 100), coalesce(enqueue_run.intent, ''),
          coalesce(enqueue_run.runbook, ''), coalesce(enqueue_run.plan, 'null'),
          coalesce(enqueue_run.inputs, '{}'), enqueue_run.dedupe_key, clock_timestamp(),
          nullif(enqueue_run.who, ''), coalesce(nullif(enqueue_run.traceparent, ''), ops.new_traceparent()),
          case when enqueue_run.traceparent <> '' then nullif(enqueue_run.tracestate, '') end)
  returning * into r;
  perform ops.add_event(r, 'run.queued', ops.run_data(r));
  if r.status = 'queued' then perform pg_notify('ops_queue', ''); end if;
  return r;
end $$;

-- As before, and what servers are still to be told.
create or replace function ops.grant_roles() returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if exists (select from pg_roles where rolname = 'anon') then
    grant usage on schema ops to anon;
  end if;
  if exists (select from pg_roles where rolname = 'authenticated') then
    grant usage on schema ops to authenticated;
    grant select on ops.sessions, ops.lanes, ops.runs, ops.run_steps, ops.run_events, ops.artifacts, ops.blobs,
      ops.workers to authenticated;
    grant select (id, run_id, position, attempt, step, tool, key, method, params, live, status, action, answered_by,
                  created_at, answered_at, expires_at) on ops.input_requests to authenticated;
    grant execute on function ops.create_session, ops.enqueue_run, ops.cancel_run, ops.answer_run, ops.answer_input
      to authenticated;
  end if;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant usage on schema ops to service_role;
    grant select on ops.sessions, ops.lanes, ops.runs, ops.run_steps, ops.run_events, ops.artifacts, ops.blobs,
      ops.workers, ops.settings, ops.run_transitions, ops.schema_migrations, ops.input_requests, ops.tool_servers,
      ops.audit_log,
      ops.task_cancels to service_role;
    grant execute on all functions in schema ops to service_role;
  end if;
end $$;
revoke all on all functions in schema ops from public;
select ops.grant_roles();
