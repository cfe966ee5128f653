-- Who may do what, and what Supabase Realtime carries. docs/operations.md lists the same grants.

revoke all on all functions in schema ops from public;

-- Gives the roles of a Supabase project their rights, as far as they exist. Called here, and again by
-- hand when the roles are made later.
create function ops.grant_roles() returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if exists (select from pg_roles where rolname = 'anon') then
    grant usage on schema ops to anon;
  end if;
  if exists (select from pg_roles where rolname = 'authenticated') then
    grant usage on schema ops to authenticated;
    grant select on ops.sessions, ops.lanes, ops.runs, ops.run_steps, ops.run_events, ops.artifacts, ops.blobs,
      ops.workers to authenticated;
    grant execute on function ops.create_session, ops.enqueue_run, ops.cancel_run, ops.answer_run to authenticated;
  end if;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant usage on schema ops to service_role;
    grant select on ops.sessions, ops.lanes, ops.runs, ops.run_steps, ops.run_events, ops.artifacts, ops.blobs,
      ops.workers, ops.settings, ops.run_transitions, ops.schema_migrations to service_role;
    grant execute on all functions in schema ops to service_role;
  end if;
end $$;
revoke all on function ops.grant_roles() from public;
select ops.grant_roles();

-- Adding tables needs a publication of one's own; on a server where it belongs to somebody else the
-- rest of the control room works without Realtime.
do $$
declare
  wanted text;
begin
  -- wal_level below logical earns a warning that means nothing without a subscriber.
  set local client_min_messages = error;
  if not exists (select from pg_publication where pubname = 'supabase_realtime') then
    create publication supabase_realtime;
  end if;
  foreach wanted in array array['runs', 'run_events', 'artifacts', 'sessions', 'run_steps'] loop
    if not exists (select from pg_publication_tables
                   where pubname = 'supabase_realtime' and schemaname = 'ops' and tablename = wanted) then
      execute format('alter publication supabase_realtime add table ops.%I', wanted);
    end if;
  end loop;
exception when insufficient_privilege then
  reset client_min_messages;
  raise warning 'publication supabase_realtime was left as it is: %', sqlerrm;
end $$;
