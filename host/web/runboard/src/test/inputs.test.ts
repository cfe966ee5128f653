import { describe, expect, test } from 'vitest';
import { fieldsOf, fill, named } from '../inputs';
import type { Runbook } from '../model';

const deploy: Runbook = {
  name: 'deploy',
  description: '',
  intents: [],
  steps: [],
  inputs: {
    type: 'object',
    required: ['version', 'replicas', 'region'],
    properties: {
      region: { type: 'string', default: 'eu' },
      version: { type: 'string' },
      replicas: { type: 'integer' },
      dry: { type: 'boolean' },
      flags: { type: 'array' },
      size: { enum: [1, 2, 'max'] },
    },
  },
};

describe('inputs', () => {
  test('a runbook is named by its whole name only', () => {
    expect(named([deploy], ' Deploy ')).toBe(deploy);
    expect(named([deploy], 'deploy it')).toBeNull();
  });

  test('what has a default is not required of a person', () => {
    expect(fieldsOf(deploy).filter((field) => field.required).map((field) => field.name)).toEqual(['version', 'replicas']);
  });

  test('texts become the JSON the schema asks for', () => {
    const texts = { version: '007', replicas: '3', dry: 'false', flags: '["--fast"]', size: '2' };
    expect(fill(fieldsOf(deploy), texts)).toEqual({
      inputs: { version: '007', replicas: 3, dry: false, flags: ['--fast'], size: 2, region: 'eu' },
      problems: {},
    });
  });

  test('what is missing or malformed is named', () => {
    expect(fill(fieldsOf(deploy), { replicas: 'many', flags: '[' }).problems).toEqual({
      version: 'needed',
      replicas: 'not a number',
      flags: 'not valid JSON',
    });
  });

  test('a runbook without inputs asks nothing', () => {
    expect(fieldsOf({ ...deploy, inputs: null })).toEqual([]);
  });
});
