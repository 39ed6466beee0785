/** Runs one benchmark in this process and prints its figures as the last line. */
const [file] = process.argv.slice(2);
if (!file) throw new Error('usage: one.ts <benchmark>');
const { bench } = (await import(file)) as { bench: () => Promise<object | undefined> };
process.stdout.write(`\n${JSON.stringify((await bench()) ?? null)}`, () => process.exit(0));
