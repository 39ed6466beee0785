/** Boards are data: `dashboards/boards/*.yaml`, read once and served as they are. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type ApiBoard, boardAnswer } from './contract.ts';

/** The boards of a folder by file name; none when there is no folder. Throws an Error that names the file and every problem of it. */
export function readBoards(folder: string): readonly ApiBoard[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .sort();
  return files.map((file) => {
    const read = boardAnswer.safeParse(parse(readFileSync(join(folder, file), 'utf8')));
    if (!read.success) {
      const problems = read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
      throw new Error(`board ${file}: ${problems.join('; ')}`);
    }
    if (`${read.data.id}.yaml` !== file) throw new Error(`board ${file}: its id is ${read.data.id}`);
    return read.data;
  });
}
