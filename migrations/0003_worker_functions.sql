-- What a worker does: claim, stay alive, write, end. Every write holds the run's row and compares the
-- claim's token first, so that a worker that was frozen and wakes up changes nothing; and every write
-- may be repeated with the same claim after a commit of unknown outcome.

create function ops.lease_lost(run bigint) returns void language plpgsql as $$
begin
  raise exception using errcode = 'OP001', detail = lease_lost.run::text,
    message = format('run %s is not held by this worker any more', lease_lost.run);
end $$;

-- The fence: the run's row, held until the end of the transaction, if the token is still its own.
create function ops.hold_run(run bigint, token uuid) returns ops.runs
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  r ops.runs;
begin
  select * into r from ops.runs x where x.id = hold_run.run for no key update;
  if r.status is distinct from 'running' or hold_run.token is null or r.claim_token <> hold_run.token then
    perform ops.lease_lost(hold_run.run);
  end if;
  return r;
end $$;

-- Events as their owner numbered them. Numbers in use already are a repetition and are left alone; a
-- number that would leave a gap is refused, since readers wait at gaps. The caller holds the run's row.
create function ops.insert_events(r ops.runs, events jsonb) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  last bigint := ops.last_seq(r.id);
  gap bigint;
begin
  if coalesce(jsonb_typeof(events), 'null') = 'null' or events = '[]' then return; end if;
  select min(e.seq) into gap
  from (select x.seq, lag(x.seq + coalesce(x.n, 1)) over (order by x.seq) as expected
        from jsonb_to_recordset(insert_events.events) as x(seq bigint, n int)) e
  where e.seq > greatest(last + 1, e.expected);
  if gap is not null then
    raise exception using errcode = 'OP002',
      message = format('event %s of run %s would leave a gap: the last one is %s', gap, r.id, last);
  end if;
  insert into ops.run_events (run_id, seq, n, attempt, step, kind, at, data, lines)
  select r.id, e.seq, coalesce(e.n, 1), r.attempt, nullif(e.step, ''), e.kind, coalesce(e.at, now()),
         coalesce(e.data, '{}'), e.lines
  from jsonb_to_recordset(insert_events.events)
    as e(seq bigint, n int, kind text, step text, at timestamptz, data jsonb, lines text)
  where e.seq > last
  order by e.seq;
  perform pg_notify('ops_events', r.id::text);
end $$;

-- Writes a step's row as given. A finished step stays what it is.
create function ops.put_step(r ops.runs, step jsonb) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  insert into ops.run_steps as old (run_id, position, id, tool, status, attempt, arguments, output, delivery,
                                    error, hint, started_at, finished_at)
  select r.id, s.position, s.id, s.tool, s.status, r.attempt, coalesce(s.arguments, 'null'),
         coalesce(s.output, 'null'), s.delivery, s.error, s.hint,
         coalesce(s.started_at, case when s.status = 'running' then now() end),
         coalesce(s.finished_at, case when s.status in ('succeeded', 'failed', 'skipped', 'canceled') then now() end)
  from jsonb_to_record(put_step.step)
    as s(position int, id text, tool text, status text, arguments jsonb, output jsonb, delivery text,
         error text, hint text, started_at timestamptz, finished_at timestamptz)
  on conflict (run_id, position) do update set
    id = excluded.id, tool = excluded.tool, status = excluded.status, attempt = excluded.attempt,
    arguments = excluded.arguments, output = excluded.output, delivery = excluded.delivery,
    error = excluded.error, hint = excluded.hint,
    started_at = coalesce(excluded.started_at, old.started_at), finished_at = excluded.finished_at
  where old.status not in ('succeeded', 'failed', 'skipped', 'canceled') or old.status = excluded.status;
  if not found then
    raise exception using errcode = 'OP005',
      message = format('step %s of run %s has ended already', step ->> 'id', r.id);
  end if;
end $$;

-- A step that is under way when its run leaves the worker is interrupted: its outcome is unknown.
create function ops.interrupt_steps(r ops.runs, reason text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  s ops.run_steps;
begin
  for s in update ops.run_steps set status = 'interrupted', delivery = 'unknown',
             error = coalesce(error, interrupt_steps.reason)
           where run_id = r.id and status = 'running' returning * loop
    perform ops.add_event(r, 'step.finished', ops.step_data(s), s.id);
  end loop;
end $$;

-- Takes a run from its worker: back to the queue, or to its end when that was asked for. A call that
-- was under way is interrupted: its outcome is unknown. The caller holds the lane's lock and the row.
create function ops.give_back(r ops.runs, reason text, crashed boolean) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  perform ops.interrupt_steps(r, give_back.reason);
  if r.canceled_at is not null then
    perform ops.end_run(r, 'canceled', null, null,
                        jsonb_build_object('by', r.canceled_by, 'reason', give_back.reason));
    return;
  end if;
  update ops.runs set status = 'queued', claimed_by = null, claimed_at = null, heartbeat_at = null,
    claim_token = case when give_back.crashed then null else claim_token end, claim_batch = null,
    crashes = crashes + give_back.crashed::int
  where id = r.id;
  perform ops.add_event(r, 'run.requeued',
    ops.run_data(r, jsonb_build_object('status', 'queued', 'reason', give_back.reason)));
  perform pg_notify('ops_queue', '');
end $$;

-- Returns the runs of dead workers to the queue and says how many. Waits for nobody: what is busy now
-- is looked at by the next caller.
create function ops.requeue_stuck_runs() returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  default_lease interval := make_interval(secs => (select value::double precision from ops.settings where name = 'lease_seconds'));
  stuck bigint;
  r ops.runs;
  key bigint;
  total int := 0;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('ops.requeue_stuck_runs', 0)) then return 0; end if;
  for stuck, key in
    select x.id, ops.lane_key(x.session_id, x.lane) from ops.runs x left join ops.workers w on w.id = x.claimed_by
    where x.status = 'running' and x.heartbeat_at < clock_timestamp() - coalesce(w.lease, default_lease) loop
    continue when not pg_try_advisory_xact_lock(key);
    select x.* into r from ops.runs x left join ops.workers w on w.id = x.claimed_by
    where x.id = stuck and x.status = 'running'
      and x.heartbeat_at < clock_timestamp() - coalesce(w.lease, default_lease)
    for no key update of x skip locked;
    continue when r.id is null;
    perform ops.give_back(r, format('worker %s was lost', r.claimed_by), true);
    total := total + 1;
  end loop;
  return total;
end $$;

-- Says who a worker is. A process that was not behind this id before (another epoch) takes back at once
-- what the earlier one held. Returns how many runs that were.
create function ops.register_worker(
  worker text, slots int default 0, lease_seconds double precision default null, epoch uuid default null
) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  w ops.workers;
  held bigint[];
  r ops.runs;
  total int := 0;
begin
  if coalesce(register_worker.worker, '') = '' then
    raise exception using errcode = 'OP006', message = 'a worker needs a name';
  end if;
  -- Workers come and go under random names; a day after its last sign a dead one is forgotten.
  delete from ops.workers x where x.heartbeat_at < now() - interval '1 day' and x.id <> register_worker.worker
    and not exists (select from ops.runs q where q.claimed_by = x.id and q.status = 'running');
  select * into w from ops.workers where id = register_worker.worker for update;
  insert into ops.workers as old (id, slots, epoch, lease)
  values (register_worker.worker, register_worker.slots, register_worker.epoch,
          make_interval(secs => register_worker.lease_seconds))
  on conflict (id) do update set slots = excluded.slots, epoch = excluded.epoch, lease = excluded.lease,
    heartbeat_at = now(), stopped_at = null,
    started_at = case when old.epoch = excluded.epoch then old.started_at else now() end;
  if w.epoch = register_worker.epoch then return 0; end if;
  held := array(select x.id from ops.runs x where x.status = 'running' and x.claimed_by = register_worker.worker);
  perform ops.lock_lanes(held);
  for r in select * from ops.runs x
           where x.id = any (held) and x.status = 'running' and x.claimed_by = register_worker.worker
           order by x.id for no key update loop
    perform ops.give_back(r, format('worker %s was started anew', r.claimed_by), true);
    total := total + 1;
  end loop;
  return total;
end $$;

create function ops.unregister_worker(worker text, epoch uuid default null) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  update ops.workers w set stopped_at = now()
  where w.id = unregister_worker.worker and (unregister_worker.epoch is null or w.epoch = unregister_worker.epoch)
$$;

-- Takes up to count queued runs, most urgent first, after returning runs of dead workers to the queue.
-- A claim repeated with the same batch returns what the first one took.
create function ops.claim_runs(worker text, count int default 1, batch uuid default null)
returns setof ops.runs
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  picked bigint[];
  r ops.runs;
begin
  if coalesce(claim_runs.worker, '') = '' then
    raise exception using errcode = 'OP006', message = 'a claim needs the name of a worker';
  end if;
  insert into ops.workers as old (id) values (claim_runs.worker)
  on conflict (id) do update set heartbeat_at = now(), stopped_at = null
    where old.heartbeat_at < now() - interval '1 second' or old.stopped_at is not null;
  perform ops.requeue_stuck_runs();
  if claim_runs.batch is not null then
    -- The lease counts from the answer that arrives, not from the one that was lost.
    update ops.runs x set heartbeat_at = clock_timestamp() from (
      select q.id from ops.runs q where q.status = 'running' and q.claimed_by = claim_runs.worker
        and q.claim_batch = claim_runs.batch order by q.id for no key update) held
    where x.id = held.id;
    if found then
      return query select * from ops.runs x where x.status = 'running' and x.claimed_by = claim_runs.worker
        and x.claim_batch = claim_runs.batch order by x.priority, x.created_at, x.id;
      return;
    end if;
  end if;
  -- Picked in a statement of its own: inside of the update the planner may run it twice and lock more.
  picked := array(select x.id from ops.runs x where x.status = 'queued'
                  order by x.priority, x.created_at, x.id
                  limit greatest(least(claim_runs.count, 1000), 0) for no key update skip locked);
  for r in select * from ops.runs x where x.id = any (picked) order by x.priority, x.created_at, x.id loop
    update ops.runs set status = 'running', claimed_by = claim_runs.worker, claimed_at = now(), heartbeat_at = now(),
      started_at = coalesce(started_at, now()), attempt = attempt + 1, claim_token = gen_random_uuid(),
      claim_batch = claim_runs.batch
    where id = r.id returning * into r;
    perform ops.add_event(r, 'run.started', ops.run_data(r, jsonb_build_object('attempt', r.attempt)));
    return next r;
  end loop;
end $$;

-- Renews the lease of all given runs in one statement, and brings what was asked of them. Plain SQL on
-- purpose: leases still hold on a server whose plpgsql is broken by an update under way.
create function ops.heartbeat_runs(worker text, ids bigint[], tokens uuid[])
returns table (run_id bigint, lost boolean, cancel_requested boolean)
language sql security definer set search_path = pg_catalog, pg_temp as $$
  with alive as (
    update ops.workers w set heartbeat_at = now() where w.id = heartbeat_runs.worker
  ), asked as (
    select * from unnest(heartbeat_runs.ids, heartbeat_runs.tokens) as a(id, token)
  ), held as materialized (
    select r.id from ops.runs r join asked a on r.id = a.id and r.claim_token = a.token
    where r.status = 'running' order by r.id for no key update of r
  ), renewed as (
    update ops.runs r set heartbeat_at = clock_timestamp() from held where r.id = held.id
    returning r.id, r.canceled_at
  )
  select a.id, n.id is null, n.canceled_at is not null from asked a left join renewed n on n.id = a.id
$$;

create function ops.heartbeat_run(run bigint, token uuid) returns boolean
language sql security definer set search_path = pg_catalog, pg_temp as $$
  with renewed as (
    update ops.runs r set heartbeat_at = clock_timestamp()
    where r.id = heartbeat_run.run and r.claim_token = heartbeat_run.token and r.status = 'running'
    returning 1
  ) select exists (select from renewed)
$$;

create function ops.append_events(run bigint, token uuid, events jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform ops.insert_events(ops.hold_run(append_events.run, append_events.token), append_events.events);
end $$;

create function ops.write_step(run bigint, token uuid, step jsonb, events jsonb default '[]') returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  r ops.runs := ops.hold_run(write_step.run, write_step.token);
begin
  perform ops.put_step(r, write_step.step);
  perform ops.insert_events(r, write_step.events);
end $$;

-- Ends runs: [{"run_id", "claim_token", "status", "error", "hint", "events"}]. Says of each: finished,
-- already (a repetition), or lost (the token has changed; nothing was written).
create function ops.finish_runs(ends jsonb) returns table (run_id bigint, outcome text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  e record;
  r ops.runs;
begin
  perform ops.lock_lanes(array(select (x ->> 'run_id')::bigint from jsonb_array_elements(finish_runs.ends) x));
  for e in select * from jsonb_to_recordset(finish_runs.ends)
             as x(run_id bigint, claim_token uuid, status text, error text, hint text, events jsonb)
           order by x.run_id loop
    if e.status is null or e.status not in ('succeeded', 'failed', 'canceled') then
      raise exception using errcode = 'OP006', message = format('a run cannot end as %L', e.status),
        hint = 'It ends as succeeded, failed or canceled.';
    end if;
    select * into r from ops.runs x where x.id = e.run_id for no key update;
    run_id := e.run_id;
    if r.id is null or e.claim_token is null or r.claim_token is distinct from e.claim_token then
      outcome := 'lost';
    elsif r.status = 'running' then
      perform ops.insert_events(r, e.events);
      perform ops.interrupt_steps(r, nullif(e.error, ''));
      perform ops.end_run(r, e.status, nullif(e.error, ''), nullif(e.hint, ''),
                          jsonb_build_object('by', case when e.status = 'canceled' then r.canceled_by end));
      outcome := 'finished';
    else
      outcome := case when r.status = e.status then 'already' else 'lost' end;
    end if;
    return next;
  end loop;
end $$;

-- Gives a run back to the queue, at its next step.
create function ops.release_run(run bigint, token uuid, reason text default '', events jsonb default '[]') returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  r ops.runs;
begin
  perform ops.lock_lanes(array[release_run.run]);
  select * into r from ops.runs x where x.id = release_run.run for no key update;
  -- A repetition: given back (or ended, as had been asked for) under this very claim.
  if r.claim_token = release_run.token and (r.status in ('queued', 'canceled')) then return; end if;
  r := ops.hold_run(release_run.run, release_run.token);
  perform ops.insert_events(r, release_run.events);
  perform ops.give_back(r, release_run.reason, false);
end $$;

-- Parks a run until a person decides about the step.
create function ops.park_run(run bigint, token uuid, step jsonb, question text, events jsonb default '[]') returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  r ops.runs;
begin
  perform ops.lock_lanes(array[park_run.run]);
  select * into r from ops.runs x where x.id = park_run.run for no key update;
  if r.claim_token = park_run.token and r.status in ('waiting', 'canceled') then return; end if;
  r := ops.hold_run(park_run.run, park_run.token);
  perform ops.put_step(r, park_run.step);
  perform ops.insert_events(r, park_run.events);
  if r.canceled_at is not null then
    perform ops.end_run(r, 'canceled', null, null, jsonb_build_object('by', r.canceled_by));
    return;
  end if;
  update ops.runs set status = 'waiting', claimed_by = null, claimed_at = null, heartbeat_at = null
  where id = r.id returning * into r;
  perform ops.add_event(r, 'run.waiting', ops.run_data(r, jsonb_build_object(
    'question', park_run.question, 'step', park_run.step ->> 'id')), park_run.step ->> 'id');
end $$;

-- Stores or replaces the artifact (run, kind, name). The content is there before the run is held, so
-- that a large one does not keep the heartbeat waiting.
create function ops.put_artifact(
  run bigint, token uuid, step text, kind text, name text, media_type text, content bytea, meta jsonb default '{}'
) returns ops.artifacts
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  digest text := encode(sha256(put_artifact.content), 'hex');
  old_digest text;
  r ops.runs;
  a ops.artifacts;
begin
  -- Shared with every writer of the same content, exclusive against who would remove it.
  perform pg_advisory_xact_lock_shared(hashtextextended('ops.blob:' || digest, 0));
  insert into ops.blobs (sha256, bytes, size)
  values (digest, put_artifact.content, octet_length(put_artifact.content)) on conflict do nothing;
  r := ops.hold_run(put_artifact.run, put_artifact.token);
  select x.sha256 into old_digest from ops.artifacts x
  where x.run_id = r.id and x.kind = put_artifact.kind and x.name = put_artifact.name;
  insert into ops.artifacts (run_id, step, kind, name, media_type, size, sha256, meta)
  values (r.id, nullif(put_artifact.step, ''), put_artifact.kind, put_artifact.name, put_artifact.media_type,
          octet_length(put_artifact.content), digest, coalesce(put_artifact.meta, '{}'))
  on conflict (run_id, kind, name) do update set step = excluded.step, media_type = excluded.media_type,
    size = excluded.size, sha256 = excluded.sha256, meta = excluded.meta, updated_at = now()
  returning * into a;
  if old_digest <> digest and pg_try_advisory_xact_lock(hashtextextended('ops.blob:' || old_digest, 0)) then
    delete from ops.blobs b where b.sha256 = old_digest
      and not exists (select from ops.artifacts x where x.sha256 = old_digest);
  end if;
  return a;
end $$;
