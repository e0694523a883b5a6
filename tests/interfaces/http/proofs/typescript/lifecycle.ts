// A generated client walks a case from an ordinary day to enabled, and prints what became of it.

import { renameSync, writeFileSync } from 'node:fs';

import * as api from './client';
import { createClient, type Client } from './client/client';

interface Told {
  base: string;
  clock: string;
  begin: string;
  tokens: { Ada: string; Max: string; Vera: string };
}

const told: Told = JSON.parse(process.argv[2] ?? '');
const WEEKS = 6;

function somebody(token: string): Client {
  return createClient({ baseUrl: told.base, auth: token, throwOnError: true });
}

function once(): { 'Idempotency-Key': string } {
  return { 'Idempotency-Key': crypto.randomUUID() };
}

function sure<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('something is missing');
  return value;
}

/** The server reads its clock from a file; it must never find half a moment there. */
function go(day: string): void {
  writeFileSync(`${told.clock}.new`, `${day}T09:00:00+00:00`);
  renameSync(`${told.clock}.new`, told.clock);
}

function weeksLater(weeks: number): string {
  const day = new Date(`${told.begin}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() + 7 * weeks);
  return day.toISOString().slice(0, 10);
}

async function walk(client: Client): Promise<{ plan: string; task: string; result: string }> {
  const mine = { client, throwOnError: true } as const;
  const started = await api.startPlan({ ...mine, headers: once() });
  const plan = sure(started.data.made);
  await api.examineJob({
    ...mine,
    path: { plan },
    body: { activities: ['mail'], tasks: [{ title: 'find leads', need: 'three leads a month' }] },
    headers: once(),
  });
  const tasks = await api.listTasks({ ...mine, path: { plan } });
  const task = sure(tasks.data.items[0]).task;
  const use = await api.pinpointUse({
    ...mine,
    path: { plan, task },
    body: { point: 'mornings', purpose: 'to find leads', channels: ['LinkedIn'] },
    headers: { ...once(), 'If-Match': '*' },
  });
  await api.keepSimple({
    ...mine,
    path: { plan, task },
    body: { actions: ['search'] },
    headers: { ...once(), 'If-Match': sure(use.data.etag) },
  });
  for (let weeks = 0; weeks < WEEKS; weeks += 1) {
    const on = weeksLater(weeks);
    go(on);
    await api.logPractice({ ...mine, path: { plan }, body: { days: [{ on }] }, headers: once() });
  }
  await api.checkResults({ ...mine, path: { plan, task }, body: { verdict: 'keep' }, headers: once() });
  const noted = await api.noteResult({
    ...mine,
    path: { plan },
    body: {
      task,
      finding: {
        kind: 'lead',
        route: 'search',
        channel: 'LinkedIn',
        what: 'a quotation asked for',
        confirmable_by: 'the sales desk',
      },
    },
    headers: once(),
  });
  await api.reviewActivities({ ...mine, path: { plan }, body: { activities: ['mail'] }, headers: once() });
  await api.settle({ ...mine, path: { plan }, body: {}, headers: once() });
  await api.askForAcceptance({ ...mine, path: { plan, task }, headers: once() });
  return { plan, task, result: sure(noted.data.made) };
}

async function accept(client: Client, plan: string, level: number, result: string): Promise<void> {
  const mine = { client, throwOnError: true } as const;
  const inbox = await api.listInbox({ ...mine, query: { plan, kind: 'decide' } });
  const waiting = sure(inbox.data.items[0]);
  if (waiting.level !== level) throw new Error(`waits for level ${waiting.level}, not ${level}`);
  const path = { plan, task: sure(waiting.task) };
  const seen = await api.getRequest({ ...mine, path });
  await api.acceptTask({
    ...mine,
    path,
    body: { evidence: sure(waiting.evidence), result, value_perceived: 'direct' },
    headers: { ...once(), 'If-Match': sure(seen.response.headers.get('etag')) },
  });
}

/** A refusal is a typed problem. */
async function refused(client: Client, plan: string): Promise<string> {
  const { error } = await api.abandonPlan({ client, path: { plan }, throwOnError: false });
  const problem: api.Problem = sure(error);
  return problem.title;
}

async function main(): Promise<void> {
  const ada = somebody(told.tokens.Ada);
  const { plan, task, result } = await walk(ada);
  await accept(somebody(told.tokens.Max), plan, 1, result);
  await accept(somebody(told.tokens.Vera), plan, 2, result);
  const request = await api.getRequest({ client: ada, path: { plan, task }, throwOnError: true });
  const title = await refused(ada, crypto.randomUUID());
  console.log(JSON.stringify({ phase: request.data.phase, refused: title }));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
