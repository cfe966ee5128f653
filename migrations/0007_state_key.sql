-- What the state that a plugin leaves with a question is sealed with: one key for all workers, so that an
-- answer enters the tool wherever and whenever. Two random UUIDs, 244 bits.
insert into ops.settings (name, value, description) values
  ('tool_state_key', replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''),
   'Seals what plugins remember while they wait for an answer. A new one makes open questions of plugins unanswerable.');
