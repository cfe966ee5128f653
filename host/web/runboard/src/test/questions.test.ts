import { describe, expect, test } from 'vitest';
import type { Json, Question } from '../model';
import { addressOf, contentOf, draftOf, fieldAt, fieldsOf, messageOf, serverOf } from '../questions';

function ask(params: Record<string, Json>): Question {
  return { id: 1, run_id: 1, step: 's', tool: 'forms.register', params, live: false, open: true, created_at: '', expires_at: null };
}

const form = (properties: Record<string, Json>, required: string[] = []): Question =>
  ask({ message: 'Who?', requestedSchema: { type: 'object', properties, required } });

const titled = [{ const: 'r', title: 'Red' }, { const: 'b' }];

describe('fields of a question', () => {
  test('all kinds are read, required ones first', () => {
    const fields = fieldsOf(form({
      a: { type: 'string', title: 'An a', format: 'email', maxLength: 9 },
      b: { type: 'integer', minimum: 1, maximum: 3 },
      c: { type: 'boolean' },
      d: { type: 'string', enum: ['x', 'y'], enumNames: ['Ex'] },
      e: { type: 'string', oneOf: titled },
      f: { type: 'array', items: { anyOf: titled }, minItems: 1 },
    }, ['f']));
    expect(fields.map(({ name, kind }) => [name, kind])).toEqual([
      ['f', 'choices'], ['a', 'text'], ['b', 'integer'], ['c', 'boolean'], ['d', 'choice'], ['e', 'choice'],
    ]);
    expect(fields[1]).toMatchObject({ label: 'An a', inputType: 'email', limits: 'email, at most 9 characters' });
    expect(fields[2]!.limits).toBe('1 to 3');
    expect(fields[4]!.options).toEqual([{ value: 'x', title: 'Ex' }, { value: 'y', title: 'y' }]);
    expect(fields[5]!.options).toEqual([{ value: 'r', title: 'Red' }, { value: 'b', title: 'b' }]);
    expect(fields[0]).toMatchObject({ required: true, limits: 'at least 1' });
  });

  test('a schema that makes no sense has no fields', () => {
    for (const schema of ['x', null, [], { properties: 5 }, { properties: { a: 'text' } }]) {
      expect(fieldsOf(ask({ requestedSchema: schema }))).toEqual([]);
    }
    expect(messageOf(ask({ message: { a: 1 } }))).toBe('');
    expect(serverOf(ask({}))).toBe('forms');
  });
});

describe('an answer', () => {
  const fields = fieldsOf(form({
    name: { type: 'string' }, age: { type: 'integer', default: 18 }, share: { type: 'number' },
    sure: { type: 'boolean', default: false }, tags: { type: 'array', items: { enum: ['x', 'y'] }, default: ['y'] },
    note: { type: 'string', default: 'hm' },
  }, ['name']));

  test('begins with the defaults of the server', () => {
    expect(draftOf(fields)).toEqual({ name: '', age: '18', share: '', sure: 'false', tags: ['y'], note: 'hm' });
  });

  test('is typed, leaves out what is empty, and can undo a default', () => {
    const draft = { ...draftOf(fields), name: 'Ada', age: '36', tags: [], note: '' };
    expect(contentOf(fields, draft)).toEqual({ name: 'Ada', age: 36, sure: false, tags: [], note: '' });
  });

  test('sends what is no number as it is, for the server to refuse', () => {
    expect(contentOf(fields, { ...draftOf(fields), age: 'old', share: '0.5' })).toMatchObject({ age: 'old', share: 0.5 });
  });

  test('problems find their field', () => {
    expect(fieldAt('/a~1b~0c/0')).toBe('a/b~c');
    expect(fieldAt('')).toBe('');
  });
});

describe('an address', () => {
  const of = (url: string): ReturnType<typeof addressOf> => addressOf(ask({ mode: 'url', url }));

  test('shows its true host in the middle of the text as sent', () => {
    expect(of('https://bank.example@evil.example:8443/bank.example')).toEqual({
      parts: ['https://bank.example@', 'evil.example:8443', '/bank.example'], host: 'evil.example:8443',
    });
    expect(of('HTTPS://A.Example/x?https://b.example')).toEqual({ parts: ['HTTPS://', 'A.Example', '/x?https://b.example'], host: 'a.example' });
    expect(of('https://a.example\\@b.example/')?.host).toBe('a.example');
  });

  test('letters that only look familiar are told by the host as browsers see it', () => {
    const cyrillic = of('https://\u0430pple.example/')!;
    expect(cyrillic.host).toMatch(/^xn--/);
    expect(cyrillic.parts).toEqual(['https://\u0430pple.example/', '', '']);
  });

  test('anything but http and https cannot be opened', () => {
    for (const url of ['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', ' jAvAsCrIpT:x', 'x', '']) expect(of(url)).toBeNull();
  });
});
