// A certificate for 127.0.0.1, signed by itself, made once for each run. Knows no platform but Web Crypto, under `selfsigned`.

import { generate } from 'selfsigned';

let made: Promise<{ cert: string; private: string }> | null = null;

/** In PEM. */
export async function certificate(): Promise<{ cert: string; key: string }> {
  made ??= generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      // Deno takes no certificate of an authority for a server's own.
      { name: 'basicConstraints', cA: false },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
    ],
  });
  const { cert, private: key } = await made;
  return { cert, key };
}
