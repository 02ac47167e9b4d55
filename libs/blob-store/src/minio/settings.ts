export interface Keys {
  accessKey: string;
  secretKey: string;
}

export interface MinioSettings extends Keys {
  /** `http://host:port` or `https://host[:port]`. */
  endpoint: string;
  /** Made where it is missing. */
  bucket: string;
  /** Asked before each request, for keys that may change meanwhile. */
  readKeys?: (() => Promise<Keys>) | undefined;
  region?: string;
  /** Milliseconds for one request, including its body. */
  timeoutMs?: number;
  /**
   * Milliseconds without a byte of an answer, after which a read fails. A write may take `timeoutMs`:
   * the server answers it once the bytes are durable.
   */
  silenceMs?: number;
}

/** Half a minute moves the largest blob at 2 MiB/s. */
export const MINIO_DEFAULTS = {
  region: 'us-east-1',
  timeoutMs: 30_000,
  silenceMs: 5000,
} as const;
