/** Sends files as the parts of one upload, and returns the depot's answer. */
export async function sendParts(
  url: string,
  parts: Readonly<Record<string, Uint8Array>>,
  query = '',
): Promise<{ status: number; body: Record<string, unknown> }> {
  const form = new FormData();
  for (const [name, bytes] of Object.entries(parts)) {
    form.append(name, new Blob([new Uint8Array(bytes)]), name);
  }
  const response = await fetch(`${url}/v1/kernels${query}`, { method: 'POST', body: form });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
