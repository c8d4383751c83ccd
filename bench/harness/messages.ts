// The messages that are measured, as bytes.

/** 49 bytes: the least that a client sends. */
export const smallRequest = ascii('GET /hello HTTP/1.1\r\nHost: www.example.com:80\r\n\r\n');

/** What servers are loaded with. */
export const loadRequest = 'GET /hello HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n';

/** 703 bytes: what a browser sends, after picohttpparser's benchmark. */
export const browserRequest = ascii(
  [
    'GET /wp-content/uploads/2010/03/hello-kitty-darth-vader-pink.jpg HTTP/1.1',
    'Host: www.kittyhell.com',
    'User-Agent: Mozilla/5.0 (Macintosh; U; Intel Mac OS X 10.6; ja-JP-mac; rv:1.9.2.3) Gecko/20100401 Firefox/3.6.3 Pathtraq/0.9',
    'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'Accept-Language: ja,en-us;q=0.7,en;q=0.3',
    'Accept-Encoding: gzip,deflate',
    'Accept-Charset: Shift_JIS,utf-8;q=0.7,*;q=0.7',
    'Keep-Alive: 115',
    'Connection: keep-alive',
    'Cookie: wp_ozh_wsa_visits=2; wp_ozh_wsa_visit_lasttime=xxxxxxxxxx; __utma=xxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.x; __utmz=xxxxxxxxx.xxxxxxxxxx.x.x.utmccn=(referral)|utmcsr=reader.livedoor.com|utmcct=/reader/|utmcmd=referral',
    '\r\n',
  ].join('\r\n'),
);

/** 8 KiB in 100 fields. */
export const largeRequest = ascii(
  `GET /${'large/'.repeat(5)} HTTP/1.1\r\nHost: www.example.com\r\n${fields(99, 8192 - 71)}\r\n`,
);

/** A short answer of an API. */
export const smallResponse = ascii(
  'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, world!',
);

/** What a site behind a cache sends with a page. */
export const siteResponse = ascii(
  [
    'HTTP/1.1 200 OK',
    'Date: Sun, 22 Nov 2026 18:23:00 GMT',
    'Server: nginx/1.28.0',
    'Content-Type: text/html; charset=utf-8',
    'Content-Length: 13',
    'Connection: keep-alive',
    'Cache-Control: public, max-age=600, stale-while-revalidate=86400',
    'ETag: W/"6923f8c4-1a2b3c"',
    'Last-Modified: Sat, 21 Nov 2026 08:00:00 GMT',
    'Vary: Accept-Encoding, Cookie',
    'Strict-Transport-Security: max-age=63072000; includeSubDomains; preload',
    "Content-Security-Policy: default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'",
    'X-Content-Type-Options: nosniff',
    'X-Request-Id: 5f0c7a52-6a0e-4b6e-9d0b-0d2f4c1a9e77',
    'Age: 42',
    '',
    'Hello, world!',
  ].join('\r\n'),
);

/** A request whose body is that many chunks of that size. */
export function chunkedRequest(size: number, chunks: number): Uint8Array {
  const chunk = `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`;
  return ascii(
    `POST /upload HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(chunks)}0\r\n\r\n`,
  );
}

export function ascii(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

/** `count` field lines, together `size` bytes. */
function fields(count: number, size: number): string {
  let lines = '';
  for (let i = 0; i < count; i++) {
    const room = Math.round((size * (i + 1)) / count) - lines.length;
    const name = `X-Field-${i}`;
    lines += `${name}: ${'value '.repeat(room).slice(0, room - name.length - 5)}.\r\n`;
  }
  return lines;
}
