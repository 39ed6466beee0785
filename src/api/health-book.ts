/** How every source is doing, whichever process reads it: our own and what the others said of theirs in the last minute. */
import type { Millis, SourceHealth } from '../model/types.ts';

export interface HealthBook {
  /** A source of this process. */
  set(health: SourceHealth): void;
  /** What another process said of a source of its own. */
  heard(health: SourceHealth, from: string): void;
  /** What this process has to say of its own, to be said again and again: sources that it has read, or tried to. */
  readonly own: () => readonly SourceHealth[];
  /** One a source: as the process that changed it last has it, items and quarantine of all together. */
  readonly all: () => readonly SourceHealth[];
}

interface Report {
  readonly health: SourceHealth;
  readonly changedAt: Millis;
  readonly heardAt: Millis;
}

const OWN = '';
/** A process that says nothing for this long is no more. */
const SILENT_MS = 60_000;
/** Sources and processes that are remembered. */
const MOST_SOURCES = 2_000;
const MOST_PROCESSES = 200;

/** Opens the book; `now` is the wall clock's. */
export function createHealthBook(now: () => Millis): HealthBook {
  const book = new Map<string, Map<string, Report>>();

  function note(health: SourceHealth, from: string): void {
    const reports = book.get(health.name) ?? new Map<string, Report>();
    const heardAt = now();
    for (const [process, report] of reports) {
      if (process !== OWN && report.heardAt < heardAt - SILENT_MS) reports.delete(process);
    }
    if (!book.has(health.name) && book.size >= MOST_SOURCES && from !== OWN) return;
    if (!reports.has(from) && reports.size >= MOST_PROCESSES) return;
    const before = reports.get(from);
    const same = before !== undefined && JSON.stringify(before.health) === JSON.stringify(health);
    reports.set(from, { health, heardAt, changedAt: same ? before.changedAt : heardAt });
    book.set(health.name, reports);
  }

  return {
    set: (health) => note(health, OWN),
    heard: note,
    own: () => [...book.values()].flatMap((reports) => reports.get(OWN)?.health ?? []).filter(isTold),
    all() {
      const from = now() - SILENT_MS;
      return [...book.values()].flatMap((reports) => {
        const fresh = [...reports].filter(([process, { heardAt }]) => process === OWN || heardAt >= from);
        const told = fresh.filter(([, { health }]) => isTold(health));
        const [first, ...others] = (told.length > 0 ? told : fresh).map(([, report]) => report);
        if (first === undefined) return [];
        const last = others.reduce((most, report) => (report.changedAt > most.changedAt ? report : most), first);
        const sum = (of: 'items' | 'quarantined'): number =>
          fresh.reduce((total, [, { health }]) => total + health[of], 0);
        return [{ ...last.health, items: sum('items'), quarantined: sum('quarantined') }];
      });
    },
  };
}

/** Whether anything is known of it beyond that it is configured: a process that stands by has not read. */
function isTold({ lastReadAt, error, blindSince, ended }: SourceHealth): boolean {
  return ended || lastReadAt !== undefined || error !== undefined || blindSince !== undefined;
}
