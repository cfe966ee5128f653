-- The control room's books. Rows are changed by the functions of the later files alone: the rules
-- live once, here, and psql users get them too. Times are the database's: no other clock decides.

create schema if not exists ops;

create table ops.settings (
  name text primary key,
  value text not null,
  description text not null default ''
);
insert into ops.settings (name, value, description) values
  ('lease_seconds', '30', 'A run whose heartbeat is older goes back to the queue, unless its worker registered another lease.');

create table ops.sessions (
  id bigint generated always as identity primary key,
  title text not null,
  slug text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,59}$'),
  intent text not null default '',
  repository text not null default '',
  base text not null default '',
  created_at timestamptz not null default now()
);

-- A lane appears with its first run.
create table ops.lanes (
  session_id bigint not null references ops.sessions (id) on delete cascade,
  lane text not null check (lane ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$'),
  branch text not null,
  base text not null default '',
  created_at timestamptz not null default now(),
  primary key (session_id, lane)
);

-- The one table of moves; the trigger on ops.runs enforces it, the host's model has the same one.
create table ops.run_transitions (
  from_status text not null,
  to_status text not null,
  primary key (from_status, to_status)
);
insert into ops.run_transitions (from_status, to_status) values
  ('scheduled', 'blocked'), ('scheduled', 'queued'), ('scheduled', 'canceled'),
  ('blocked', 'queued'), ('blocked', 'canceled'),
  ('queued', 'blocked'), ('queued', 'running'), ('queued', 'canceled'),
  ('running', 'queued'), ('running', 'waiting'), ('running', 'succeeded'), ('running', 'failed'),
  ('running', 'canceled'),
  ('waiting', 'queued'), ('waiting', 'failed'), ('waiting', 'canceled');

create table ops.runs (
  id bigint generated always as identity primary key,
  session_id bigint not null,
  lane text not null,
  status text not null check (status in ('scheduled', 'blocked', 'queued', 'running', 'waiting',
                                         'succeeded', 'failed', 'canceled')),
  priority int not null default 100,
  intent text not null default '',
  claimed_by text,
  claimed_at timestamptz,
  heartbeat_at timestamptz,
  canceled_at timestamptz,
  created_at timestamptz not null default now(),
  runbook text not null default '',
  plan jsonb not null default 'null',
  inputs jsonb not null default '{}',
  attempt int not null default 0,
  crashes int not null default 0,
  claim_token uuid,
  claim_batch uuid,
  started_at timestamptz,
  finished_at timestamptz,
  error text,
  hint text,
  canceled_by text,
  dedupe_key text,
  foreign key (session_id, lane) references ops.lanes (session_id, lane) on delete cascade
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

comment on column ops.runs.priority is 'lower is sooner';
comment on column ops.runs.claim_token is
  'the fence: every write of a worker carries it; kept after the end, so that a repeated write is recognised';
comment on column ops.runs.claim_batch is 'which claim took it: a claim of unknown outcome is repeated by it';
comment on column ops.runs.crashes is 'how often a worker was lost while it held the run';

-- The lane rule, kept by the database for any number of workers: at most one active run of a lane.
create unique index runs_one_active_per_lane on ops.runs (session_id, lane)
  where status in ('queued', 'running', 'waiting');
-- What a claim scans: one row of a lane at most, in the order of the claim.
create index runs_ready on ops.runs (priority, created_at, id) where status = 'queued';
create index runs_blocked on ops.runs (session_id, lane, priority, created_at, id) where status = 'blocked';
-- Without heartbeat_at on purpose, so that a beat stays a HOT update.
create index runs_held on ops.runs (claimed_by) where status = 'running';
create index runs_of_session on ops.runs (session_id, id);
create index runs_by_age on ops.runs (created_at desc);
create unique index runs_dedupe on ops.runs (session_id, dedupe_key) where dedupe_key is not null;

create table ops.run_steps (
  run_id bigint not null references ops.runs (id) on delete cascade,
  position int not null check (position > 0),
  id text not null,
  tool text not null,
  status text not null check (status in ('pending', 'running', 'waiting', 'succeeded', 'failed',
                                         'skipped', 'canceled', 'interrupted')),
  attempt int not null,
  arguments jsonb not null default 'null',
  output jsonb not null default 'null',
  delivery text check (delivery in ('not_sent', 'rejected', 'answered', 'unknown')),
  error text,
  hint text,
  started_at timestamptz,
  finished_at timestamptz,
  primary key (run_id, position)
);

-- One row an event; a log event is a chunk of n lines and takes n numbers, seq being the first.
create table ops.run_events (
  run_id bigint not null references ops.runs (id) on delete cascade,
  seq bigint not null check (seq > 0),
  n int not null default 1 check (n > 0),
  attempt int not null,
  step text,
  kind text not null,
  at timestamptz not null default now(),
  data jsonb not null default '{}',
  lines text,
  primary key (run_id, seq)
);
-- Compressing log text in the server is the slowest way to store it.
alter table ops.run_events alter column lines set storage external;

create table ops.blobs (
  sha256 text primary key check (sha256 ~ '^[0-9a-f]{64}$'),
  bytes bytea not null,
  size bigint not null,
  created_at timestamptz not null default now()
);
alter table ops.blobs alter column bytes set storage external;

create table ops.artifacts (
  id bigint generated always as identity primary key,
  run_id bigint not null references ops.runs (id) on delete cascade,
  step text,
  kind text not null check (kind in ('log', 'diff', 'file', 'manifest', 'bundle')),
  name text not null,
  media_type text not null,
  size bigint not null,
  sha256 text not null references ops.blobs (sha256),
  meta jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (run_id, kind, name)
);
create index artifacts_by_content on ops.artifacts (sha256);

create table ops.workers (
  id text primary key,
  slots int not null default 0,
  epoch uuid,
  lease interval,
  started_at timestamptz not null default now(),
  heartbeat_at timestamptz not null default now(),
  stopped_at timestamptz
) with (fillfactor = 50);
comment on column ops.workers.epoch is 'the process behind the id: a new process takes the runs of the old one back';
comment on column ops.workers.lease is 'what the worker promised: it stops by itself before its heartbeat is that old';

-- Only digests are kept: a copy of this table opens nothing.
create table ops.api_tokens (
  kind text not null check (kind in ('token', 'login', 'browser')),
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  name text not null,
  role text not null,
  csrf_sha256 text not null default '',
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  primary key (kind, sha256)
);
