#!/usr/bin/env node
// The command `vigie`. Plain JavaScript that old runtimes can read: it finds a runtime that is new enough, then the program.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
const recent = major > 22 || (major === 22 && minor >= 18);
// From a checkout the sources run as they are; a package carries them built.
const source = new URL('./main.ts', import.meta.url);
const main = existsSync(source) ? source : new URL('../../dist/cli/main.js', import.meta.url);

if (recent) await import(main.href);
else {
  const own = fileURLToPath(new URL('../../node_modules/node/bin/node', import.meta.url));
  if (existsSync(own)) {
    const { status, signal } = spawnSync(own, [fileURLToPath(main), ...process.argv.slice(2)], { stdio: 'inherit' });
    if (signal) process.kill(process.pid, signal);
    process.exitCode = status ?? 1;
  } else {
    process.stderr.write(
      `Vigie demande Node 22.18 ou plus récent ; celui-ci est ${process.versions.node}. Essayez : npx -p node@24 -p vigie vigie\n` +
        `Vigie needs Node 22.18 or newer; this is ${process.versions.node}. Try: npx -p node@24 -p vigie vigie\n`,
    );
    process.exitCode = 2;
  }
}
