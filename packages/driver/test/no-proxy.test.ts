// The list of hosts that are reached without the proxy.

import { Pool } from '@halfpipe/driver';
import { NoProxy } from '../src/no-proxy.ts';

test.each<[entry: string, has: string[], hasNot: string[]]>([
  ['*', ['http://a/', 'https://a.b:1/', 'http://[::1]/', 'http://10.0.0.1/'], []],
  [
    'example.com',
    ['http://example.com/', 'https://www.example.com/', 'http://a.b.EXAMPLE.com./'],
    ['http://notexample.com/', 'http://com/'],
  ],
  ['.example.com', ['http://example.com/', 'http://www.example.com/'], ['http://notexample.com/']],
  ['*.example.com', ['http://example.com/', 'http://www.example.com/'], ['http://notexample.com/']],
  ['Example.COM.', ['http://example.com/', 'http://example.com./'], ['http://example.org/']],
  [' example.com ', ['http://example.com/'], []],
  ['bücher.example', ['http://bücher.example/', 'http://xn--bcher-kva.example/'], ['http://bucher.example/']],
  ['localhost', ['http://localhost:8080/'], ['http://127.0.0.1/', 'http://local/']],
  [
    'example.com:8080',
    ['http://www.example.com:8080/', 'https://example.com:8080/'],
    ['http://example.com/', 'http://example.com:80/'],
  ],
  ['example.com:80', ['http://example.com/'], ['https://example.com/', 'http://example.com:8080/']],
  ['example.com:443', ['https://example.com/'], ['http://example.com/']],
  ['*:8080', ['http://a:8080/'], ['http://a/']],
  [
    '10.0.0.1',
    ['http://10.0.0.1/', 'http://10.1/'],
    ['http://10.0.0.10/', 'http://a.10.0.0.1.example/', 'http://10.0.0.2/'],
  ],
  ['0.0.1', ['http://0.0.0.1/'], ['http://10.0.0.1/']],
  [
    '10.0.0.0/8',
    ['http://10.0.0.0/', 'http://10.255.255.255/'],
    ['http://11.0.0.0/', 'http://9.255.255.255/', 'http://ten.example/'],
  ],
  ['10.20.30.40/13', ['http://10.16.0.0/', 'http://10.23.255.255/'], ['http://10.15.255.255/', 'http://10.24.0.0/']],
  ['10.20.30.41/31', ['http://10.20.30.40/', 'http://10.20.30.41/'], ['http://10.20.30.42/']],
  ['10.0.0.1/32', ['http://10.0.0.1/'], ['http://10.0.0.0/', 'http://10.0.0.2/']],
  ['0.0.0.0/0', ['http://1.2.3.4/', 'http://255.255.255.255/'], ['http://[::1]/', 'http://a/']],
  ['10.0.0.0/8:8080', ['http://10.1.1.1:8080/'], ['http://10.1.1.1/']],
  ['::1', ['http://[::1]/', 'http://[0:0:0:0:0:0:0:1]:81/'], ['http://[::2]/', 'http://127.0.0.1/']],
  ['[::1]', ['http://[::1]/'], ['http://[::2]/']],
  ['[2001:DB8::1]:8080', ['http://[2001:db8::1]:8080/'], ['http://[2001:db8::1]/']],
  [
    '2001:db8::/32',
    ['http://[2001:db8::]/', 'http://[2001:db8:ffff::1]/'],
    ['http://[2001:db9::]/', 'http://32.1.13.184/'],
  ],
  ['2001:db8:1:2:3:4:5:6', ['http://[2001:db8:1:2:3:4:5:6]/'], ['http://[2001:db8:1:2:3:4:5:7]/']],
  ['fe80::/10', ['http://[fe80::1]/', 'http://[febf::1]/'], ['http://[fec0::1]/']],
  ['::/0', ['http://[::1]/', 'http://[ffff::]/'], ['http://1.2.3.4/']],
  ['::ffff:1.2.3.4', ['http://[::ffff:1.2.3.4]/', 'http://[::ffff:102:304]/'], ['http://1.2.3.4/']],
])('%s', (entry, has, hasNot) => {
  const list = new NoProxy(['elsewhere.example', entry]);
  for (const url of has) expect([url, list.has(new URL(url))]).toEqual([url, true]);
  for (const url of hasNot) expect([url, list.has(new URL(url))]).toEqual([url, false]);
});

test('none is no host', () => {
  expect(new NoProxy([]).has(new URL('http://a/'))).toBe(false);
});

test.each([
  '',
  ' ',
  '.',
  'http://example.com',
  'example.com/path',
  'example.com/8',
  '*/8',
  'ex*mple.com',
  'a@b',
  'a b',
  'a?b',
  'a#b',
  '10.0.0.0/33',
  '10.0.0.256',
  '::1/129',
  '[::1',
  '[::1]x',
  ':::',
  'example.com:port',
  'a,b',
])('%j is a TypeError', (entry) => {
  const options = { open: () => () => new Promise<never>(() => {}), noProxy: ['a', entry] };
  expect(() => new Pool(options)).toThrow(new TypeError(`Cannot read an entry of noProxy: ${entry}`));
});
