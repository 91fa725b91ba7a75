import { describe, expect, it } from 'vitest';
import { knownClients } from '../../src/approval/carriers/known-clients.ts';
import {
  isOfferedTasks,
  type TaskTerms,
  takesTask,
} from '../../src/approval/carriers/task-answer.ts';
import { callerOf } from '../gate/rig.ts';

const nothing: TaskTerms = new Map();

function takes(name: string, asTask: 'offered' | 'running' | undefined, terms = nothing): boolean {
  const caller = callerOf();
  const session = { ...caller.session, client: { name, version: '1' } };
  return takesTask({ ...caller, session, ...(asTask !== undefined && { asTask }) }, terms);
}

describe.each(knownClients)('tasks of "$name"', ({ name, tasks }) => {
  it('are offered as the table says, and only so', () => {
    expect(isOfferedTasks(`${name}/9`, nothing)).toBe(tasks === '2025-11-25');
    expect(isOfferedTasks(name, new Map([['default', '2025-11-25']]))).toBe(
      tasks === undefined || tasks === '2025-11-25',
    );
    expect(isOfferedTasks(name, new Map([[name, '2025-11-25']]))).toBe(true);
    expect(isOfferedTasks(name, new Map([[name, 'none']]))).toBe(false);
  });

  it('are its answer where it takes one and nobody says otherwise', () => {
    expect(takes(name, 'offered')).toBe(tasks !== 'none');
    expect(takes(name, 'offered', new Map([[name, 'extension']]))).toBe(true);
    expect(takes(name, 'offered', new Map([[name, 'none']]))).toBe(false);
    expect(takes(name, undefined, new Map([[name, 'extension']]))).toBe(false);
  });

  it('go on as such whatever is said meanwhile', () => {
    expect(takes(name, 'running', new Map([[name, 'none']]))).toBe(true);
  });
});
