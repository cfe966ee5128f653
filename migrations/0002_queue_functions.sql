-- What people and the API do to a run, and the helpers that every function shares.
--
-- Errors carry a SQLSTATE of their own: OP001 the claim is not held any more (DETAIL: the run's id),
-- OP002 an event number would leave a gap, OP003 a move the table of moves forbids, OP004 not found,
-- OP005 the thing is in a state that forbids this, OP006 invalid argument.
--
-- Lock order, so that nothing deadlocks: lanes (sorted), then runs (by id). Who holds a lane's
-- advisory lock may change the run that heads it; each statement after the lock has a fresh snapshot.
-- Parameters are referred to as function.parameter; a bare name is a column.

create function ops.iso(moment timestamptz) returns text language sql stable as $$
  select to_char(moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

create function ops.check_move() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from ops.run_transitions t
                 where t.from_status = old.status and t.to_status = new.status) then
    raise exception using errcode = 'OP003',
      message = format('run %s cannot go from %s to %s', old.id, old.status, new.status);
  end if;
  return new;
end $$;

create trigger check_move before update of status on ops.runs
  for each row when (old.status is distinct from new.status) execute function ops.check_move();

create function ops.lane_key(session_id bigint, lane text) returns bigint language sql immutable as $$
  select hashtextextended('ops.lane:' || session_id || ':' || lane, 0)
$$;

create function ops.lock_lanes(runs bigint[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  key bigint;
begin
  for key in select distinct ops.lane_key(r.session_id, r.lane) from ops.runs r
             where r.id = any (lock_lanes.runs) order by 1 loop
    perform pg_advisory_xact_lock(key);
  end loop;
end $$;

create function ops.last_seq(run bigint) returns bigint
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return coalesce((select e.seq + e.n - 1 from ops.run_events e where e.run_id = last_seq.run
                   order by e.seq desc limit 1), 0);
end $$;

-- What a run.* event says about the run, as far as it applies.
create function ops.run_data(r ops.runs, more jsonb default '{}') returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_strip_nulls(jsonb_build_object(
    'status', r.status, 'lane', r.lane, 'intent', r.intent, 'runbook', r.runbook,
    'worker', r.claimed_by, 'error', r.error, 'hint', r.hint) || more)
$$;

-- The next event of a run; the caller holds the run's row, so nobody else numbers meanwhile.
create function ops.add_event(r ops.runs, kind text, data jsonb, step text default null) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  insert into ops.run_events (run_id, seq, attempt, step, kind, at, data)
  values (r.id, ops.last_seq(r.id) + 1, r.attempt, add_event.step, add_event.kind,
          clock_timestamp(), add_event.data);
  perform pg_notify('ops_events', r.id::text);
end $$;

create function ops.step_data(s ops.run_steps) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('position', s.position, 'id', s.id, 'tool', s.tool, 'status', s.status,
                            'error', s.error, 'hint', s.hint)
$$;

-- Makes the best blocked run of a free lane its head. The caller holds the lane's lock.
create function ops.promote_lane(session_id bigint, lane text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  r ops.runs;
begin
  update ops.runs set status = 'queued'
  where id = (select b.id from ops.runs b
              where b.session_id = promote_lane.session_id and b.lane = promote_lane.lane
                and b.status = 'blocked'
                and not exists (select from ops.runs a
                                where a.session_id = promote_lane.session_id
                                  and a.lane = promote_lane.lane
                                  and a.status in ('queued', 'running', 'waiting'))
              order by b.priority, b.created_at, b.id limit 1)
  returning * into r;
  if r.id is not null then
    perform ops.add_event(r, 'run.queued', ops.run_data(r));
    perform pg_notify('ops_queue', '');
  end if;
end $$;

-- Ends a run and frees its lane. The caller holds the lane's lock and the run's row.
create function ops.end_run(r ops.runs, status text, error text, hint text, more jsonb default '{}')
returns ops.runs
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  update ops.runs set status = end_run.status, error = end_run.error, hint = end_run.hint,
    finished_at = clock_timestamp(),
    canceled_at = case when end_run.status = 'canceled' then coalesce(canceled_at, now()) else canceled_at end
  where id = r.id returning * into r;
  perform ops.add_event(r, 'run.finished', ops.run_data(r, end_run.more));
  perform ops.promote_lane(r.session_id, r.lane);
  return r;
end $$;

create function ops.create_session(
  title text, intent text default '', repository text default '', base text default ''
) returns ops.sessions
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  s ops.sessions;
  stem text := regexp_replace(lower(create_session.title), '[^a-z0-9]+', '-', 'g');
  wanted text;
  tries int := 1;
begin
  if coalesce(trim(create_session.title), '') = '' then
    raise exception using errcode = 'OP006', message = 'a session needs a title';
  end if;
  stem := trim(both '-' from left(trim(both '-' from stem), 40));
  if stem = '' then stem := 'session'; end if;
  loop
    wanted := case when tries = 1 then stem else stem || '-' || tries end;
    -- Looked for first, so that a taken name does not use up an id.
    if not exists (select from ops.sessions x where x.slug = wanted) then
      insert into ops.sessions (title, slug, intent, repository, base)
      values (create_session.title, wanted, coalesce(create_session.intent, ''),
              coalesce(create_session.repository, ''), coalesce(create_session.base, ''))
      on conflict (slug) do nothing returning * into s;
      exit when s.id is not null;
    end if;
    tries := tries + 1;
  end loop;
  return s;
end $$;

-- Puts a run into its lane: as its head when the lane is free, or when the head has not begun and is
-- less urgent (the two change places); behind the others else. A second run with the same dedupe_key
-- in a session is the first.
create function ops.enqueue_run(
  session_id bigint, lane text default 'A', intent text default '', runbook text default '',
  plan jsonb default 'null', inputs jsonb default '{}', priority int default 100,
  dedupe_key text default null
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
  insert into ops.runs (session_id, lane, status, priority, intent, runbook, plan, inputs, dedupe_key, created_at)
  values (s.id, enqueue_run.lane, case when head.id is null then 'queued' else 'blocked' end,
          coalesce(enqueue_run.priority, 100), coalesce(enqueue_run.intent, ''),
          coalesce(enqueue_run.runbook, ''), coalesce(enqueue_run.plan, 'null'),
          coalesce(enqueue_run.inputs, '{}'), enqueue_run.dedupe_key, clock_timestamp())
  returning * into r;
  perform ops.add_event(r, 'run.queued', ops.run_data(r));
  if r.status = 'queued' then perform pg_notify('ops_queue', ''); end if;
  return r;
end $$;

-- Asks for the end of a run. One that nobody works on ends at once; a running one is told to its
-- worker, which ends it. On an ended run it changes nothing.
create function ops.cancel_run(run bigint, who text default '') returns ops.runs
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  r ops.runs;
begin
  perform ops.lock_lanes(array[cancel_run.run]);
  select * into r from ops.runs where id = cancel_run.run for no key update;
  if r.id is null then
    raise exception using errcode = 'OP004', message = format('run %s does not exist', cancel_run.run);
  end if;
  if r.status in ('succeeded', 'failed', 'canceled') then return r; end if;
  update ops.runs set canceled_at = coalesce(canceled_at, now()),
    canceled_by = coalesce(canceled_by, nullif(cancel_run.who, ''))
  where id = r.id returning * into r;
  if r.status = 'running' then
    perform pg_notify('ops_cancel', r.id::text);
    return r;
  end if;
  return ops.end_run(r, 'canceled', null, null, jsonb_build_object('by', r.canceled_by));
end $$;

-- A person's decision about the step whose call's outcome is unknown: retry, skip or fail.
create function ops.answer_run(run bigint, decision text, who text default '') returns ops.runs
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

  if answer_run.decision = 'fail' then
    return ops.end_run(r, 'failed',
      case when s.id is null then 'ended by decision while it waited'
           else format('step %s was interrupted and ended by decision', s.id) end, null, more);
  end if;
  if answer_run.decision = 'retry' then
    update ops.run_steps set status = 'pending', delivery = null, output = 'null', error = null, hint = null,
      started_at = null, finished_at = null
    where run_id = r.id and position = s.position;
  else
    update ops.run_steps set status = 'skipped', finished_at = clock_timestamp()
    where run_id = r.id and position = s.position returning * into s;
    if s.id is not null then perform ops.add_event(r, 'step.finished', ops.step_data(s), s.id); end if;
  end if;
  update ops.runs set status = 'queued' where id = r.id returning * into r;
  perform ops.add_event(r, 'run.queued', ops.run_data(r, more));
  perform pg_notify('ops_queue', '');
  return r;
end $$;
