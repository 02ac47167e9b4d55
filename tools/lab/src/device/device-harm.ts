import { createSecretKey, openSecretKey } from '@btf-depot/depot';
import { send, signed, type Fault } from '@btf-depot/device';

/**
 * Faults of a depot by a first part of the path: `/cut/v1/…`; without one it works.
 * @param carrier the bytes of the blob that is cut for `resume`.
 */
export function harmByPath(manifest: string, carrier: Uint8Array): Fault {
  const other = manifest.replace(/^build-id .*/m, `build-id ${'ab'.repeat(20)}`);
  const stranger = openSecretKey(createSecretKey());
  const isBlob = (path: string) => path.includes('/blobs/');
  let cuts = 0;
  let changes = 0;
  const faults: Record<string, (path: string, ...answer: Parameters<Fault>) => boolean> = {
    cut: (path, _, response) => isBlob(path) && send(response, Buffer.alloc(9999), { cutAt: 0 }),
    'wrong-hash': (path, _, response) => isBlob(path) && send(response, Buffer.alloc(100)),
    'wrong-signature': (_, ...answer) => signed(manifest, stranger)(...answer),
    'another-kernel': (_, ...answer) => signed(other)(...answer),
    down: (_path, _, response) => Boolean(response.destroy()),
    resume: (path, { headers }, response) => {
      if (!isBlob(path) || headers.range !== undefined || cuts++ > 0) return false;
      return send(response, carrier, { cutAt: 50_000 });
    },
    // The signature of the next revision, once.
    changing: (path, ...answer) =>
      path.endsWith('.sig') &&
      changes++ === 0 &&
      signed(manifest.replace(/revision \d+/, 'revision 9'))(...answer),
  };
  return (request, response) => {
    const [, name = '', path = ''] = /^\/([\w-]+)(\/v1\/.*)$/.exec(request.url ?? '') ?? [];
    const fault = faults[name];
    if (!fault) return false;
    request.url = path;
    return fault(path, request, response);
  };
}
