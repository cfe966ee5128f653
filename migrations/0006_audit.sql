-- Who made which tool do what, kept even when the run is gone: one row for each call of a tool, and for
-- what people did to a run. Holds digests and sizes, never contents.

alter table ops.runs add column created_by text;
comment on column ops.runs.created_by is 'who enqueued it';

create table ops.audit_log (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  kind text not null check (kind in ('call', 'cancel', 'decision', 'answer')),
  who text,
  run_id bigint not null,
  step text,
  position int,
  attempt int,
  worker text,
  tool text,
  server text,
  pin text,
  argument_sha256 text,
  started timestamptz,
  took_us bigint,
  bytes_sent bigint,
  bytes_received bigint,
  round int,
  delivery text,
  outcome text,
  data jsonb not null default '{}'
);
comment on column ops.audit_log.who is 'of a call: who enqueued the run; else who did it';
comment on column ops.audit_log.pin is 'digest of the tool surface as pinned; empty: not pinned';
comment on column ops.audit_log.round is '2, 3, ...: the call went on after input';
-- A repeated write of the same calls adds nothing. Finds the rows of a run too.
create unique index audit_log_once on ops.audit_log (run_id, attempt, position, started, round, tool);
create index audit_log_by_age on ops.audit_log using brin (at);

create function ops.keep_audit() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if coalesce(current_setting('opsroom.prune_audit', true), '') <> 'on' or tg_op <> 'DELETE' then
    raise exception using errcode = 'OP005', message = 'the audit log only grows',
      hint = 'Old rows go by ops.prune_audit(before).';
  end if;
  return null;
end $$;

create trigger keep_audit before update or delete or truncate on ops.audit_log
  for each statement execute function ops.keep_audit();

-- Removes what is older and says how many rows that were.
create function ops.prune_audit(before timestamptz) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  total bigint;
begin
  perform set_config('opsroom.prune_audit', 'on', true);
  delete from ops.audit_log a where a.at < prune_audit.before;
  get diagnostics total = row_count;
  perform set_config('opsroom.prune_audit', 'off', true);
  return total;
end $$;

-- The calls that a step's change tells of. The caller holds the run's row.
create function ops.audit_calls(r ops.runs, step jsonb, calls jsonb) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  if coalesce(calls, '[]') = '[]' then return; end if;
  insert into ops.audit_log (kind, who, run_id, step, position, attempt, worker, tool, server, pin, argument_sha256,
                             started, took_us, bytes_sent, bytes_received, round, delivery, outcome)
  select 'call', r.created_by, r.id, audit_calls.step ->> 'id', (audit_calls.step ->> 'position')::int, r.attempt,
         r.claimed_by, c.tool, c.server, c.pin, c.argument_sha256, to_timestamp(c.started_us / 1000000.0), c.took_us,
         c.bytes_sent, c.bytes_received, c.round, c.delivery, c.outcome
  from jsonb_to_recordset(calls)
    as c(tool text, server text, pin text, argument_sha256 text, started_us bigint, took_us bigint,
         bytes_sent bigint, bytes_received bigint, round int, delivery text, outcome text)
  on conflict do nothing;
end $$;

create function ops.audit_cancel() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  insert into ops.audit_log (kind, who, run_id, attempt, outcome)
  values ('cancel', new.canceled_by, new.id, new.attempt, case when old.claimed_by is null then 'ended' else 'asked for' end);
  return null;
end $$;
create trigger audit_cancel after update of canceled_by on ops.runs
  for each row when (old.canceled_at is null and new.canceled_at is not null) execute function ops.audit_cancel();

create function ops.audit_answer() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  insert into ops.audit_log (kind, who, run_id, step, position, attempt, tool, outcome, data)
  values ('answer', new.answered_by, new.run_id, new.step, new.position, new.attempt, new.tool, new.action,
          jsonb_build_object('question', new.id, 'key', new.key));
  return null;
end $$;
create trigger audit_answer after update of status on ops.input_requests
  for each row when (new.status = 'answered' and old.status <> 'answered') execute function ops.audit_answer();

-- Refuses a decision about a run that waits for something else, and says for what.
create function ops.refuse_decision(r ops.runs) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  q ops.input_requests;
begin
  select * into q from ops.input_requests x where x.run_id = r.id and x.status = 'open' order by x.id limit 1;
  if q.id is not null then
    raise exception using errcode = 'OP005',
      message = format('run %s waits for input, not for a decision: %s asks %s', r.id, q.tool,
                       coalesce(to_json(left(q.params ->> 'message', 200))::text, 'with ' || q.method)),
      hint = format('Answer question %s with accept, decline or cancel; or cancel the run.', q.id);
  end if;
  raise exception using errcode = 'OP005',
    message = format('run %s waits for its tool, not for a decision', r.id),
    hint = coalesce('It goes on by itself at ' || ops.iso(r.look_again) || '; cancel it to end it now.',
                    'Cancel it to end it.');
end $$;

-- As before; only about an interrupted step, and audited.
create or replace function ops.answer_run(run bigint, decision text, who text default '') returns ops.runs
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  r ops.runs;
  s ops.run_steps;
  more jsonb := jsonb_build_object('answer', answer_run.decision, 'by', nullif(answer_run.who, ''));
begin
  if answer_run.decision is null or answer_run.decision not in ('retry', 'skip', 'fail') then
    raise exception using errcode = 'OP006', message = format('%L is not a decision', answer_run.decision),
      hint = 'Say retry, skip or fail.';
  end if;
  perform ops.lock_lanes(array[answer_run.run]);
  select * into r from ops.runs where id = answer_run.run for no key update;
  if r.id is null then
    raise exception using errcode = 'OP004', message = format('run %s does not exist', answer_run.run);
  end if;
  if r.status <> 'waiting' then
    raise exception using errcode = 'OP005', message = format('run %s does not wait for an answer: it is %s', r.id, r.status);
  end if;
  select * into s from ops.run_steps x where x.run_id = r.id and x.status in ('interrupted', 'waiting')
  order by x.position desc limit 1;
  if r.claimed_by is not null or s.status = 'waiting' then perform ops.refuse_decision(r); end if;
  insert into ops.audit_log (kind, who, run_id, step, position, attempt, tool, outcome)
  values ('decision', nullif(answer_run.who, ''), r.id, s.id, s.position, r.attempt, s.tool, answer_run.decision);

  if answer_run.decision = 'fail' then
    return ops.end_run(r, 'failed',
      case when s.id is null then 'ended by decision while it waited'
           else format('step %s was interrupted and ended by decision', s.id) end, null, more);
  end if;
  if answer_run.decision = 'retry' then
    -- A call that was laid down before repeats its last round alone, with the answers it was given.
    update ops.run_steps set status = 'pending', delivery = null, output = 'null', error = null, hint = null,
      started_at = null, finished_at = null
    where run_id = r.id and position = s.position;
  else
    update ops.run_steps set status = 'skipped', finished_at = clock_timestamp()
    where run_id = r.id and position = s.position returning * into s;
    if s.id is not null then perform ops.add_event(r, 'step.finished', ops.step_data(s), s.id); end if;
  end if;
  perform ops.go_on(r, more);
  select * into r from ops.runs where id = r.id;
  return r;
end $$;

drop function ops.enqueue_run(bigint, text, text, text, jsonb, jsonb, int, text);

-- As before, and says who wanted it. Puts a run into its lane: as its head when the lane is free, or when the head has not begun and is
-- less urgent (the two change places); behind the others else. A second run with the same dedupe_key
-- in a session is the first.
create function ops.enqueue_run(
  session_id bigint, lane text default 'A', intent text default '', runbook text default '',
  plan jsonb default 'null', inputs jsonb default '{}', priority int default 100,
  dedupe_key text default null, who text default ''
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
                        created_by)
  values (s.id, enqueue_run.lane, case when head.id is null then 'queued' else 'blocked' end,
          coalesce(enqueue_run.priority, 100), coalesce(enqueue_run.intent, ''),
          coalesce(enqueue_run.runbook, ''), coalesce(enqueue_run.plan, 'null'),
          coalesce(enqueue_run.inputs, '{}'), enqueue_run.dedupe_key, clock_timestamp(),
          nullif(enqueue_run.who, ''))
  returning * into r;
  perform ops.add_event(r, 'run.queued', ops.run_data(r));
  if r.status = 'queued' then perform pg_notify('ops_queue', ''); end if;
  return r;
end $$;

-- The same with the calls that were made, for the audit log.
create function ops.suspend_run(
  run bigint, token uuid, step jsonb, asks jsonb, look_again_ms bigint, why text, events jsonb, calls jsonb
) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  r ops.runs;
begin
  -- As it is while its worker has it still; suspend_run looks again, in the order of the locks.
  select * into r from ops.runs x where x.id = suspend_run.run;
  if not ops.suspend_run(suspend_run.run, suspend_run.token, suspend_run.step, suspend_run.asks,
                         suspend_run.look_again_ms, suspend_run.why, suspend_run.events) then
    return false;
  end if;
  perform ops.audit_calls(r, suspend_run.step, suspend_run.calls);
  return true;
end $$;

-- Many changes of steps in one transaction: [{"run_id", "claim_token", "step", "events", "calls"}]. Says of
-- each, by its place in the list from 1: ok, or lost (the token has changed; nothing of it was written).
create function ops.write_steps(changes jsonb) returns table (item bigint, outcome text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  c record;
  r ops.runs;
begin
  for c in select * from rows from (jsonb_to_recordset(write_steps.changes)
             as (run_id bigint, claim_token uuid, step jsonb, events jsonb, calls jsonb))
             with ordinality as x(run_id, claim_token, step, events, calls, nr)
           order by x.run_id, x.nr loop
    select * into r from ops.runs x where x.id = c.run_id for no key update;
    item := c.nr;
    if coalesce(r.status in ('running', 'waiting') and r.claimed_by is not null
                and r.claim_token = c.claim_token, false) then
      perform ops.put_step(r, c.step);
      perform ops.insert_events(r, c.events);
      perform ops.audit_calls(r, c.step, c.calls);
      perform ops.settle_live(r);
      outcome := 'ok';
    else
      outcome := 'lost';
    end if;
    return next;
  end loop;
end $$;

-- What many lanes of a worker write at the same time, steps first, in one transaction. Takes every lock in
-- the common order before it writes. Says of each: its list, its place there, and what became of it.
create function ops.write_together(changes jsonb, ends jsonb) returns table (list text, item bigint, outcome text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  ending bigint[] := array(select (x ->> 'run_id')::bigint from jsonb_array_elements(ends) x);
begin
  if changes <> '[]' and ends <> '[]' then
    perform ops.lock_lanes(ending);
    perform from ops.runs r
    where r.id = any (ending || array(select (x ->> 'run_id')::bigint from jsonb_array_elements(changes) x))
    order by r.id for no key update;
  end if;
  if changes <> '[]' then
    return query select 'changes', w.item, w.outcome from ops.write_steps(changes) w;
  end if;
  if ends <> '[]' then
    return query
      select 'ends', x.nr, f.outcome from ops.finish_runs(ends) f
      join jsonb_array_elements(ends) with ordinality as x(ended, nr) on (x.ended ->> 'run_id')::bigint = f.run_id;
  end if;
end $$;

-- As before, and the audit log.
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
      ops.audit_log
      to service_role;
    grant execute on all functions in schema ops to service_role;
  end if;
end $$;
revoke all on all functions in schema ops from public;
select ops.grant_roles();
