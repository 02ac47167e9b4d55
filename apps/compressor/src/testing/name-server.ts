import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import dns from 'node:dns';

/** After the header: the flags of an answer, one question and one record. */
const ANSWER = [0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
/** A pointer to the question's name, type A, class IN, no time to live, four bytes. */
const RECORD = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4];

/** A name server (RFC 1035) with one address for every name, which may change. */
export async function startNameServer(next: () => string) {
  let asked = 0;
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => {
    asked++;
    // The header and one question, whose name ends with a zero; then type and class.
    const question = query.subarray(12, query.indexOf(0, 12) + 5);
    const record = [...RECORD, ...next().split('.').map(Number)];
    const parts = [query.subarray(0, 2), ANSWER, question, record];
    socket.send(Buffer.concat(parts.map((part) => Uint8Array.from(part))), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const resolver = new dns.Resolver();
  resolver.setServers([`127.0.0.1:${socket.address().port}`]);
  return {
    asked: () => asked,
    /** As `dns.lookup`, with this server alone. */
    lookup: ((host, _options, done) => {
      resolver.resolve4(host, (error, found) => {
        const all = error ? [] : found.map((address) => ({ address, family: 4 }));
        (done as (error: Error | null, all: dns.LookupAddress[]) => void)(error, all);
      });
    }) as typeof dns.lookup,
    stop: () => {
      resolver.cancel();
      socket.close();
    },
  };
}
