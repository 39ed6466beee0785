/** `npm run bench [-- --json] [-- names…]`: each figure beside its limit or peer, measured in the same run, each in a process of its own. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** What is measured, by key of the answer; each file exports `bench(): Promise<object | undefined>`, undefined when it was skipped. */
const BENCHES: Readonly<Record<string, string>> = {
  pipeline: './pipeline.ts',
  sentiment: './sentiment.ts',
  stages: './stages.ts',
  alertLatencyMs: './alert-latency.ts',
  backtest: './backtest.ts',
  detect: './detect.ts',
  weak: './weak.ts',
  queries: './queries.ts',
  queryEquivalence: './query-equivalence.ts',
  firehose: './firehose.ts',
  board: './board.ts',
};

const { values, positionals } = parseArgs({ options: { json: { type: 'boolean' } }, allowPositionals: true });
const wanted = positionals.length > 0 ? positionals : Object.keys(BENCHES);
const results: Record<string, unknown> = {};
for (const name of wanted) {
  const file = BENCHES[name];
  if (!file) throw new Error(`no benchmark "${name}": ${Object.keys(BENCHES).join(', ')}`);
  process.stderr.write(`${name} …\n`);
  const one = fileURLToPath(new URL('./one.ts', import.meta.url));
  const { stdout, status } = spawnSync(process.execPath, ['--expose-gc', one, new URL(file, import.meta.url).href], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { ...process.env, VIGIE_LOG: 'error' },
    timeout: 600_000,
    maxBuffer: 64e6,
  });
  if (status !== 0) throw new Error(`the benchmark "${name}" failed`);
  results[name] = JSON.parse(stdout.toString().split('\n').at(-1) ?? 'null');
}
if (values.json) process.stdout.write(`${JSON.stringify(results)}\n`);
else
  for (const [name, result] of Object.entries(results))
    process.stdout.write(`${name}: ${JSON.stringify(result, undefined, 2)}\n`);
