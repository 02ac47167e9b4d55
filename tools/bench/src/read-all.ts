import http from 'node:http';

export interface Reading {
  atOnce: number;
  /** Bytes of each answer. */
  size: number;
  /** The header of a range, which has `size` bytes. */
  range?: string | undefined;
}

/** @returns milliseconds from the request to the first byte. */
export async function readAll(
  urls: readonly string[],
  { atOnce, ...reading }: Reading,
): Promise<number[]> {
  const agent = new http.Agent({ keepAlive: true });
  const reads: number[] = [];
  const left = [...urls];
  const readNext = async (): Promise<void> => {
    for (let url = left.pop(); url !== undefined; url = left.pop()) {
      reads.push(await read(url, agent, reading));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, readNext));
  agent.destroy();
  return reads;
}

/** The simplest client: its own cost counts for both sides. */
function read(
  url: string,
  agent: http.Agent,
  { size, range }: Omit<Reading, 'atOnce'>,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const headers = range === undefined ? {} : { Range: range };
    const request = http.get(url, { agent, headers }, (answer) => {
      let firstByte = 0;
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => {
        firstByte ||= performance.now() - started;
        bytes += chunk.length;
      });
      answer.on('error', reject);
      answer.on('end', () => {
        if (answer.statusCode === (range === undefined ? 200 : 206) && bytes === size)
          resolve(firstByte);
        else reject(new Error(`${url}: HTTP ${answer.statusCode}, ${bytes} bytes`));
      });
    });
    request.on('error', reject);
  });
}
