/**
 * Lets this computer in to the pages: until accounts exist Vigie answers on the loopback of its own container alone, and this,
 * in the same network, passes connections on from the published port. Publish it on 127.0.0.1 only.
 */
import { connect, createServer } from 'node:net';

const [from = '4601', to = '4600'] = process.argv.slice(2);
const MOST_CONNECTIONS = 1_000;

const server = createServer((client) => {
  const inner = connect(Number(to), '127.0.0.1');
  for (const [one, other] of [
    [client, inner],
    [inner, client],
  ]) {
    one.pipe(other);
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
  }
});
server.maxConnections = MOST_CONNECTIONS;
server.listen(Number(from), '0.0.0.0');
process.on('SIGTERM', () => process.exit(0));
