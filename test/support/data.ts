/** The folder of recorded streams and payloads, when the machine has one; tests that need it skip aloud without it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** A path below the data folder, or undefined (said on stderr, with what is skipped) when it is not there. */
export function testData(path: string, skipped: string): string | undefined {
  const folder = process.env['VIGIE_TEST_DATA'];
  const file = folder && join(folder, path);
  if (file && existsSync(file)) return file;
  console.warn(
    `SKIPPED: ${skipped} – ${folder ? `${path} is not under VIGIE_TEST_DATA` : 'VIGIE_TEST_DATA is not set'}`,
  );
  return undefined;
}
