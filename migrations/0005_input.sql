-- What a tool asks a person for before it can go on. A suspended run lies in the database alone: no
-- worker, no process; a live question keeps its process, so its run waits while its worker holds it.
--
-- A run is held when a worker has it: status running or waiting, and claimed_by is not null.

create table ops.input_requests (
  id bigint generated always as identity primary key,
  run_id bigint not null references ops.runs (id) on delete cascade,
  position int not null check (position > 0),
  attempt int not null,
  step text not null default '',
  tool text not null default '',
  key text not null,
  method text not null,
  params jsonb not null default '{}',
  live boolean not null default false,
  nonce uuid,
  status text not null default 'open' check (status in ('open', 'answered', 'expired', 'withdrawn')),
  action text check (action in ('accept', 'decline', 'cancel')),
  content jsonb not null default 'null',
  answered_by text,
  taken int,
  created_at timestamptz not null default clock_timestamp(),
  answered_at timestamptz,
  expires_at timestamptz,
  check ((status = 'answered') = (action is not null))
);
comment on column ops.input_requests.attempt is 'the claim under which it was asked, or asked for again while it was open';
comment on column ops.input_requests.live is 'the tool''s process waits for the answer, at most until expires_at';
comment on column ops.input_requests.nonce is 'of a live question: a request of unknown outcome is repeated by it';
comment on column ops.input_requests.taken is 'the claim that was given the answer first; null while nobody has seen it';

-- One open question of a key: asked again, it stays the one it is.
create unique index input_requests_open on ops.input_requests (run_id, position, key) where status = 'open';
create unique index input_requests_once on ops.input_requests (run_id, position, key, attempt) where not live;
create index input_requests_of_run on ops.input_requests (run_id, id);

alter table ops.run_steps add column resume jsonb not null default 'null';
comment on column ops.run_steps.resume is 'what the tools of a waiting step need to go on with its call; nobody else reads it';

alter table ops.runs add column look_again timestamptz, add column foreign_events int not null default 0;
comment on column ops.runs.look_again is 'when a waiting run is claimable again although nobody has answered';
comment on column ops.runs.foreign_events is
  'events that others wrote under this claim: its owner numbers on without them, so its numbers are shifted by as many';

create index runs_look_again on ops.runs (look_again) where status = 'waiting' and look_again is not null;
drop index ops.runs_held;
-- Without heartbeat_at on purpose, so that a beat stays a HOT update.
create index runs_held on ops.runs (claimed_by) where status in ('running', 'waiting') and claimed_by is not null;

insert into ops.run_transitions (from_status, to_status) values ('waiting', 'running');

create function ops.question_data(q ops.input_requests) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_strip_nulls(jsonb_build_object(
      'id', q.id, 'key', q.key, 'method', q.method, 'tool', q.tool, 'position', q.position,
      'mode', coalesce(q.params ->> 'mode', 'form'), 'message', q.params ->> 'message',
      'url', q.params ->> 'url', 'live', q.live, 'expires_at', ops.iso(q.expires_at)))
    || case when jsonb_typeof(q.params -> 'requestedSchema') = 'object'
            then jsonb_build_object('schema', q.params -> 'requestedSchema') else '{}' end
$$;

-- An event about a run that may be held: the holder does not know of it, so its own numbers are shifted.
create function ops.tell(r ops.runs, kind text, data jsonb, step text default null) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  perform ops.add_event(r, tell.kind, tell.data, tell.step);
  update ops.runs set foreign_events = foreign_events + 1
  where id = r.id and status in ('running', 'waiting') and claimed_by is not null;
end $$;

-- Ends the open questions of a run without an answer. The caller holds the run's row.
create function ops.close_questions(r ops.runs, status text, live_only boolean, overdue_only boolean default false)
returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  q ops.input_requests;
begin
  for q in update ops.input_requests set status = close_questions.status
           where run_id = r.id and status = 'open' and (live or not close_questions.live_only)
             and (expires_at <= clock_timestamp() or not close_questions.overdue_only) returning * loop
    perform ops.tell(r, 'input.closed', jsonb_build_object('id', q.id, 'key', q.key, 'status', q.status), q.step);
  end loop;
end $$;

-- A held run goes on when none of its live questions is open any more. The caller holds the row; what
-- it gets back is the row as it is now.
create function ops.settle_live(r ops.runs) returns ops.runs
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  if r.status <> 'waiting' or r.claimed_by is null then return r; end if;
  perform ops.close_questions(r, 'expired', true, true);
  if not exists (select from ops.input_requests q where q.run_id = r.id and q.status = 'open' and q.live) then
    update ops.runs set status = 'running' where id = r.id returning * into r;
    perform ops.tell(r, 'run.resumed', ops.run_data(r));
  end if;
  return r;
end $$;

-- Before a held run leaves its worker: whoever asked is gone. Its events are written already, so no
-- number of its owner has to be shifted any more.
create function ops.wake_held(r ops.runs) returns ops.runs
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  if r.status = 'waiting' and r.claimed_by is not null then
    perform ops.close_questions(r, 'withdrawn', true);
    update ops.runs set status = 'running' where id = r.id returning * into r;
  end if;
  return r;
end $$;

-- As before; a run that waits for a live question is held too.
create or replace function ops.hold_run(run bigint, token uuid) returns ops.runs
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  r ops.runs;
begin
  select * into r from ops.runs x where x.id = hold_run.run for no key update;
  if not coalesce(r.status in ('running', 'waiting') and r.claimed_by is not null
                  and r.claim_token = hold_run.token, false) then
    perform ops.lease_lost(hold_run.run);
  end if;
  return r;
end $$;

-- As before; numbers of the owner are shifted past the events that others wrote under its claim.
create or replace function ops.insert_events(r ops.runs, events jsonb) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  last bigint := ops.last_seq(r.id);
  gap bigint;
begin
  if coalesce(jsonb_typeof(events), 'null') = 'null' or events = '[]' then return; end if;
  select min(e.seq) into gap
  from (select x.seq + r.foreign_events as seq,
               lag(x.seq + r.foreign_events + coalesce(x.n, 1)) over (order by x.seq) as expected
        from jsonb_to_recordset(insert_events.events) as x(seq bigint, n int)) e
  where e.seq > greatest(last + 1, e.expected);
  if gap is not null then
    raise exception using errcode = 'OP002',
      message = format('event %s of run %s would leave a gap: the last one is %s', gap, r.id, last);
  end if;
  insert into ops.run_events (run_id, seq, n, attempt, step, kind, at, data, lines)
  select r.id, e.seq + r.foreign_events, coalesce(e.n, 1), r.attempt, nullif(e.step, ''), e.kind,
         coalesce(e.at, now()), coalesce(e.data, '{}'), e.lines
  from jsonb_to_recordset(insert_events.events)
    as e(seq bigint, n int, kind text, step text, at timestamptz, data jsonb, lines text)
  where e.seq + r.foreign_events > last
  order by e.seq;
  perform pg_notify('ops_events', r.id::text);
end $$;

-- As before, with what a waiting step needs to go on.
create or replace function ops.put_step(r ops.runs, step jsonb) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  insert into ops.run_steps as old (run_id, position, id, tool, status, attempt, arguments, output, resume, delivery,
                                    error, hint, started_at, finished_at)
  select r.id, s.position, s.id, s.tool, s.status, r.attempt, coalesce(s.arguments, 'null'),
         coalesce(s.output, 'null'), coalesce(s.resume, 'null'), s.delivery, s.error, s.hint,
         coalesce(s.started_at, case when s.status = 'running' then now() end),
         coalesce(s.finished_at, case when s.status in ('succeeded', 'failed', 'skipped', 'canceled') then now() end)
  from jsonb_to_record(put_step.step)
    as s(position int, id text, tool text, status text, arguments jsonb, output jsonb, resume jsonb, delivery text,
         error text, hint text, started_at timestamptz, finished_at timestamptz)
  on conflict (run_id, position) do update set
    id = excluded.id, tool = excluded.tool, status = excluded.status, attempt = excluded.attempt,
    arguments = excluded.arguments, output = excluded.output, resume = excluded.resume, delivery = excluded.delivery,
    error = excluded.error, hint = excluded.hint,
    started_at = coalesce(excluded.started_at, old.started_at), finished_at = excluded.finished_at
  where old.status not in ('succeeded', 'failed', 'skipped', 'canceled') or old.status = excluded.status;
  if not found then
    raise exception using errcode = 'OP005',
      message = format('step %s of run %s has ended already', step ->> 'id', r.id);
  end if;
end $$;

create or replace function ops.write_step(run bigint, token uuid, step jsonb, events jsonb default '[]') returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  r ops.runs := ops.hold_run(write_step.run, write_step.token);
begin
  perform ops.put_step(r, write_step.step);
  perform ops.insert_events(r, write_step.events);
  perform ops.settle_live(r);
end $$;

-- As before; what the run had asked for is not asked any more, and a step that waited ends with it.
create or replace function ops.end_run(r ops.runs, status text, error text, hint text, more jsonb default '{}')
returns ops.runs
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  s ops.run_steps;
begin
  perform ops.close_questions(r, 'withdrawn', false);
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

-- As before; a worker that is gone asks nothing any more.
create or replace function ops.give_back(r ops.runs, reason text, crashed boolean) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  perform ops.close_questions(r, 'withdrawn', true);
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

create or replace function ops.requeue_stuck_runs() returns int
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
    where x.status in ('running', 'waiting') and x.claimed_by is not null
      and x.heartbeat_at < clock_timestamp() - coalesce(w.lease, default_lease) loop
    continue when not pg_try_advisory_xact_lock(key);
    select x.* into r from ops.runs x left join ops.workers w on w.id = x.claimed_by
    where x.id = stuck and x.status in ('running', 'waiting') and x.claimed_by is not null
      and x.heartbeat_at < clock_timestamp() - coalesce(w.lease, default_lease)
    for no key update of x skip locked;
    continue when r.id is null;
    perform ops.give_back(r, format('worker %s was lost', r.claimed_by), true);
    total := total + 1;
  end loop;
  return total;
end $$;

-- A suspended run is claimable again. The caller holds the lane's lock and the run's row.
create function ops.go_on(r ops.runs, more jsonb default '{}') returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  update ops.runs set status = 'queued', look_again = null where id = r.id returning * into r;
  perform ops.add_event(r, 'run.queued', ops.run_data(r, go_on.more));
  perform pg_notify('ops_queue', '');
end $$;

-- Makes waiting runs claimable whose time to look again has come, and says how many. Waits for nobody.
create function ops.wake_due_runs() returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  due bigint;
  key bigint;
  r ops.runs;
  total int := 0;
begin
  for due, key in
    select x.id, ops.lane_key(x.session_id, x.lane) from ops.runs x
    where x.status = 'waiting' and x.look_again <= clock_timestamp() order by x.look_again limit 1000 loop
    continue when not pg_try_advisory_xact_lock(key);
    select * into r from ops.runs x
    where x.id = due and x.status = 'waiting' and x.claimed_by is null and x.look_again <= clock_timestamp()
    for no key update skip locked;
    continue when r.id is null;
    perform ops.go_on(r, '{"reason": "its time to look again has come"}');
    total := total + 1;
  end loop;
  return total;
end $$;

create or replace function ops.register_worker(
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
    and not exists (select from ops.runs q where q.claimed_by = x.id and q.status in ('running', 'waiting'));
  select * into w from ops.workers where id = register_worker.worker for update;
  insert into ops.workers as old (id, slots, epoch, lease)
  values (register_worker.worker, register_worker.slots, register_worker.epoch,
          make_interval(secs => register_worker.lease_seconds))
  on conflict (id) do update set slots = excluded.slots, epoch = excluded.epoch, lease = excluded.lease,
    heartbeat_at = now(), stopped_at = null,
    started_at = case when old.epoch = excluded.epoch then old.started_at else now() end;
  if w.epoch = register_worker.epoch then return 0; end if;
  held := array(select x.id from ops.runs x
                where x.status in ('running', 'waiting') and x.claimed_by = register_worker.worker);
  perform ops.lock_lanes(held);
  for r in select * from ops.runs x
           where x.id = any (held) and x.status in ('running', 'waiting') and x.claimed_by = register_worker.worker
           order by x.id for no key update loop
    perform ops.give_back(r, format('worker %s was started anew', r.claimed_by), true);
    total := total + 1;
  end loop;
  return total;
end $$;

-- As before; first, runs whose time to look again has come are returned to the queue too.
create or replace function ops.claim_runs(worker text, count int default 1, batch uuid default null)
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
  perform ops.wake_due_runs();
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
      claim_batch = claim_runs.batch, look_again = null, foreign_events = 0
    where id = r.id returning * into r;
    if r.attempt > 1 then
      update ops.input_requests set taken = r.attempt where run_id = r.id and status = 'answered' and taken is null;
    end if;
    perform ops.add_event(r, 'run.started', ops.run_data(r, jsonb_build_object('attempt', r.attempt)));
    return next r;
  end loop;
end $$;

create or replace function ops.heartbeat_runs(worker text, ids bigint[], tokens uuid[])
returns table (run_id bigint, lost boolean, cancel_requested boolean)
language sql security definer set search_path = pg_catalog, pg_temp as $$
  with alive as (
    update ops.workers w set heartbeat_at = now() where w.id = heartbeat_runs.worker
  ), asked as (
    select * from unnest(heartbeat_runs.ids, heartbeat_runs.tokens) as a(id, token)
  ), held as materialized (
    select r.id from ops.runs r join asked a on r.id = a.id and r.claim_token = a.token
    where r.status in ('running', 'waiting') and r.claimed_by is not null order by r.id for no key update of r
  ), renewed as (
    update ops.runs r set heartbeat_at = clock_timestamp() from held where r.id = held.id
    returning r.id, r.canceled_at
  )
  select a.id, n.id is null, n.canceled_at is not null from asked a left join renewed n on n.id = a.id
$$;

create or replace function ops.heartbeat_run(run bigint, token uuid) returns boolean
language sql security definer set search_path = pg_catalog, pg_temp as $$
  with renewed as (
    update ops.runs r set heartbeat_at = clock_timestamp()
    where r.id = heartbeat_run.run and r.claim_token = heartbeat_run.token
      and r.status in ('running', 'waiting') and r.claimed_by is not null
    returning 1
  ) select exists (select from renewed)
$$;

create or replace function ops.finish_runs(ends jsonb) returns table (run_id bigint, outcome text)
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
    elsif r.status in ('running', 'waiting') and r.claimed_by is not null then
      perform ops.insert_events(r, e.events);
      r := ops.wake_held(r);
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

-- Parks a run until a person decides about the step.
create or replace function ops.park_run(run bigint, token uuid, step jsonb, question text, events jsonb default '[]')
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  r ops.runs;
begin
  perform ops.lock_lanes(array[park_run.run]);
  select * into r from ops.runs x where x.id = park_run.run for no key update;
  if r.claim_token = park_run.token
     and (r.status = 'canceled' or (r.status = 'waiting' and r.claimed_by is null)) then return; end if;
  r := ops.hold_run(park_run.run, park_run.token);
  perform ops.put_step(r, park_run.step);
  perform ops.insert_events(r, park_run.events);
  r := ops.wake_held(r);
  if r.canceled_at is not null then
    perform ops.end_run(r, 'canceled', null, null, jsonb_build_object('by', r.canceled_by));
    return;
  end if;
  update ops.runs set status = 'waiting', claimed_by = null, claimed_at = null, heartbeat_at = null
  where id = r.id returning * into r;
  perform ops.add_event(r, 'run.waiting', ops.run_data(r, jsonb_build_object(
    'question', park_run.question, 'step', park_run.step ->> 'id')), park_run.step ->> 'id');
end $$;

-- Stores the questions of a suspension: asks is [{"key", "method", "params"}]. What is asked again in the
-- same words stays the question it is, and so does its answer when nobody has seen it yet; what is not
-- asked for any more is withdrawn.
create function ops.put_questions(r ops.runs, step jsonb, asks jsonb) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  at int := (step ->> 'position')::int;
  q ops.input_requests;
begin
  update ops.input_requests set attempt = r.attempt
  where run_id = r.id and position = at and not live and (status = 'open' or (status = 'answered' and taken is null))
    and exists (select from jsonb_to_recordset(asks) as a(key text, method text, params jsonb)
                where a.key = input_requests.key and a.method = input_requests.method
                  and coalesce(a.params, '{}') = input_requests.params);
  for q in update ops.input_requests set status = 'withdrawn'
           where run_id = r.id and status = 'open' and (live or position <> at or attempt <> r.attempt) returning * loop
    perform ops.add_event(r, 'input.closed', jsonb_build_object('id', q.id, 'key', q.key, 'status', q.status), q.step);
  end loop;
  for q in insert into ops.input_requests (run_id, position, attempt, step, tool, key, method, params)
           select r.id, at, r.attempt, step ->> 'id', step ->> 'tool', a.key, a.method, coalesce(a.params, '{}')
           from rows from (jsonb_to_recordset(asks) as (key text, method text, params jsonb))
                with ordinality as a(key, method, params, nr)
           where not exists (select from ops.input_requests o where o.run_id = r.id and o.position = at
                             and o.key = a.key and o.attempt = r.attempt and not o.live)
           order by a.nr returning * loop
    perform ops.add_event(r, 'input.requested', ops.question_data(q), q.step);
  end loop;
end $$;

-- Lays a run down until all questions are answered or look_again_ms have passed, whichever comes first.
-- Says whether it was this call that did it: a repetition changes nothing.
create function ops.suspend_run(
  run bigint, token uuid, step jsonb, asks jsonb, look_again_ms bigint, why text, events jsonb default '[]'
) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  r ops.runs;
  at int := (step ->> 'position')::int;
  step_id text := step ->> 'id';
  asked boolean := coalesce(jsonb_array_length(asks), 0) > 0;
begin
  if not asked and look_again_ms is null then
    raise exception using errcode = 'OP006', message = format('run %s would wait for nothing', suspend_run.run),
      hint = 'A suspension asks something or says when to look again.';
  end if;
  if step ->> 'status' is distinct from 'waiting' then
    raise exception using errcode = 'OP006', message = 'a run is suspended in a step that waits',
      hint = 'Give the step the status waiting.';
  end if;
  perform ops.lock_lanes(array[suspend_run.run]);
  select * into r from ops.runs x where x.id = suspend_run.run for no key update;
  if r.claim_token = suspend_run.token and (r.status in ('queued', 'canceled') or r.status = 'waiting' and r.claimed_by is null)
     and exists (select from ops.run_steps s where s.run_id = r.id and s.position = at and s.attempt = r.attempt
                   and s.status in ('waiting', 'canceled')) then
    return false;
  end if;
  r := ops.hold_run(suspend_run.run, suspend_run.token);
  perform ops.put_step(r, suspend_run.step);
  perform ops.insert_events(r, suspend_run.events);
  r := ops.wake_held(r);
  if r.canceled_at is not null then
    perform ops.end_run(r, 'canceled', null, null, jsonb_build_object('by', r.canceled_by));
    return true;
  end if;
  perform ops.put_questions(r, suspend_run.step, coalesce(asks, '[]'));
  update ops.runs set status = 'waiting', claimed_by = null, claimed_at = null, heartbeat_at = null,
    look_again = case when look_again_ms is not null
                      then clock_timestamp() + make_interval(secs => greatest(look_again_ms, 0) / 1000.0) end
  where id = r.id returning * into r;
  perform ops.add_event(r, 'run.waiting', ops.run_data(r, jsonb_build_object(
    'question', suspend_run.why, 'step', step_id, 'look_again', ops.iso(r.look_again))), step_id);
  if asked and not exists (select from ops.input_requests q where q.run_id = r.id and q.status = 'open') then
    perform ops.go_on(r);  -- the answers came while it looked
  end if;
  return true;
end $$;

-- A person's answer to a question: accept (with content, for a form), decline or cancel. The one that
-- comes first counts.
create function ops.answer_input(id bigint, action text, content jsonb default 'null', who text default '')
returns ops.input_requests
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  q ops.input_requests;
  r ops.runs;
begin
  if answer_input.action is null or answer_input.action not in ('accept', 'decline', 'cancel') then
    raise exception using errcode = 'OP006', message = format('%L is no answer to a question', answer_input.action),
      hint = 'It is accept, decline or cancel.';
  end if;
  if answer_input.action = 'accept' and jsonb_typeof(coalesce(answer_input.content, 'null')) not in ('object', 'null') then
    raise exception using errcode = 'OP006', message = 'the content of an answer must be an object',
      hint = 'Give one member for each field of the form.';
  end if;
  select * into q from ops.input_requests x where x.id = answer_input.id;
  if q.id is null then
    raise exception using errcode = 'OP004', message = format('question %s does not exist', answer_input.id);
  end if;
  perform ops.lock_lanes(array[q.run_id]);
  select * into r from ops.runs x where x.id = q.run_id for no key update;
  select * into q from ops.input_requests x where x.id = answer_input.id for no key update;
  if q.status = 'answered' then
    raise exception using errcode = 'OP005',
      message = format('question %s is answered already%s', q.id, coalesce(' by ' || q.answered_by, ''));
  elsif r.status in ('succeeded', 'failed', 'canceled') then
    raise exception using errcode = 'OP005', message = format('run %s is over: it is %s', r.id, r.status);
  elsif q.status = 'withdrawn' then
    raise exception using errcode = 'OP005', message = format('question %s is not asked any more', q.id),
      hint = 'Look at what its run asks now.';
  elsif q.status = 'expired' or q.expires_at <= clock_timestamp() then
    raise exception using errcode = 'OP005', message = format('question %s has expired', q.id),
      hint = 'The tool that asked could wait no longer.';
  end if;
  update ops.input_requests set status = 'answered', action = answer_input.action,
    content = case when answer_input.action = 'accept' then coalesce(answer_input.content, 'null') else 'null' end,
    answered_by = nullif(answer_input.who, ''), answered_at = clock_timestamp()
  where id = q.id returning * into q;
  perform ops.tell(r, 'input.answered', jsonb_strip_nulls(jsonb_build_object(
    'id', q.id, 'key', q.key, 'action', q.action, 'by', q.answered_by)), q.step);
  if q.live then
    perform ops.settle_live(r);
    perform pg_notify('ops_input', r.id::text);
  elsif r.status = 'waiting' and r.claimed_by is null
        and not exists (select from ops.input_requests x where x.run_id = r.id and x.status = 'open') then
    perform ops.go_on(r, jsonb_strip_nulls(jsonb_build_object('by', q.answered_by)));
  end if;
  return q;
end $$;

-- Asks a person on behalf of a tool that is at work: the run waits, and stays with its worker. A request
-- repeated with the same nonce is the same question.
create function ops.ask_live(
  run bigint, token uuid, "position" int, step text, tool text, key text, method text, params jsonb, limit_ms bigint,
  nonce uuid default null
) returns ops.input_requests
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  r ops.runs := ops.hold_run(ask_live.run, ask_live.token);
  q ops.input_requests;
begin
  if ask_live.nonce is not null then
    select * into q from ops.input_requests x where x.run_id = r.id and x.nonce = ask_live.nonce;
    if q.id is not null then return q; end if;
  end if;
  -- Whoever asked under this key before has gone without a word.
  for q in update ops.input_requests set status = 'withdrawn'
           where run_id = r.id and position = ask_live."position" and key = ask_live.key and status = 'open' returning * loop
    perform ops.tell(r, 'input.closed', jsonb_build_object('id', q.id, 'key', q.key, 'status', q.status), q.step);
  end loop;
  insert into ops.input_requests (run_id, position, attempt, step, tool, key, method, params, live, nonce, expires_at)
  values (r.id, ask_live."position", r.attempt, ask_live.step, ask_live.tool, ask_live.key, ask_live.method,
          coalesce(ask_live.params, '{}'), true, ask_live.nonce,
          clock_timestamp() + make_interval(secs => greatest(ask_live.limit_ms, 0) / 1000.0))
  returning * into q;
  perform ops.tell(r, 'input.requested', ops.question_data(q), q.step);
  if r.status = 'running' then
    update ops.runs set status = 'waiting' where id = r.id returning * into r;
    perform ops.tell(r, 'run.waiting', ops.run_data(r, jsonb_strip_nulls(jsonb_build_object(
      'question', coalesce(q.params ->> 'message', format('%s asks for input', q.tool)), 'step', q.step))), q.step);
  end if;
  return q;
end $$;

-- Ends a live question as expired or withdrawn, unless it was answered before; returns what it is now.
create function ops.close_live(run bigint, token uuid, id bigint, outcome text) returns ops.input_requests
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  r ops.runs := ops.hold_run(close_live.run, close_live.token);
  q ops.input_requests;
begin
  if close_live.outcome is null or close_live.outcome not in ('expired', 'withdrawn') then
    raise exception using errcode = 'OP006', message = format('a question cannot end as %L', close_live.outcome),
      hint = 'It ends as expired or withdrawn.';
  end if;
  update ops.input_requests set status = close_live.outcome
  where id = close_live.id and run_id = r.id and live and status = 'open' returning * into q;
  if q.id is not null then
    perform ops.tell(r, 'input.closed', jsonb_build_object('id', q.id, 'key', q.key, 'status', q.status), q.step);
  else
    select * into q from ops.input_requests x where x.id = close_live.id and x.run_id = r.id;
    if q.id is null then
      raise exception using errcode = 'OP004', message = format('run %s has no question %s', r.id, close_live.id);
    end if;
  end if;
  perform ops.settle_live(r);
  return q;
end $$;

-- As before; a run that waits for a live question is running somewhere, so its worker is told.
create or replace function ops.cancel_run(run bigint, who text default '') returns ops.runs
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
  if r.status in ('running', 'waiting') and r.claimed_by is not null then
    perform pg_notify('ops_cancel', r.id::text);
    return r;
  end if;
  return ops.end_run(r, 'canceled', null, null, jsonb_build_object('by', r.canceled_by));
end $$;

-- What is remembered of tool servers: only a saving, so nothing refers to it.
create table ops.tool_servers (
  fingerprint text primary key,
  title text not null default '',
  era text not null check (era in ('modern', 'legacy')),
  seen_at timestamptz not null default now()
);

create function ops.remember_server(fingerprint text, title text, era text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  delete from ops.tool_servers where seen_at < now() - interval '90 days';
  insert into ops.tool_servers (fingerprint, title, era)
  values (remember_server.fingerprint, remember_server.title, remember_server.era)
  on conflict (fingerprint) do update set title = excluded.title, era = excluded.era, seen_at = now();
end $$;

create function ops.forget_server(fingerprint text) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  delete from ops.tool_servers s where s.fingerprint = forget_server.fingerprint
$$;

-- As before. People may read what is asked, and answer; what others answered stays with the run.
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
      ops.workers, ops.settings, ops.run_transitions, ops.schema_migrations, ops.input_requests, ops.tool_servers
      to service_role;
    grant execute on all functions in schema ops to service_role;
  end if;
end $$;
revoke all on all functions in schema ops from public;
select ops.grant_roles();
