// Which hosts are reached without the proxy: a list as curl's NO_PROXY has it, and addresses with a prefix length (RFC 4632 §3.1,
// RFC 4291 §2.3). Pure.

/** One entry of the list, read. */
type Entry =
  | { readonly kind: 'all'; readonly port: string | null }
  | { readonly kind: 'name'; readonly name: string; readonly port: string | null }
  | {
      readonly kind: 'address';
      readonly groups: readonly number[];
      readonly prefix: number;
      readonly port: string | null;
    };

const entryForm = /^(\*|\[[^\]]*\]|[^:[\]/]+|[^[\]/]*:[^[\]/]*:[^[\]/]*)(?:\/(\d{1,3}))?(?::(\d{1,5}))?$/;

/**
 * - `*`: every host.
 * - `example.com`: this host and all that end in `.example.com`; a leading `.` or `*.` changes nothing, nor does a dot at the end.
 * - `192.0.2.1`, `2001:db8::1`: this address, as it is written in a URL; a name is not looked up.
 * - `192.0.2.0/24`, `2001:db8::/32`: the addresses that begin so.
 * - Each with `:8080` behind it: only on that port. An IPv6 address is then in brackets.
 */
export class NoProxy {
  readonly #entries: readonly Entry[];

  /** @throws {TypeError} An entry is none of these. */
  constructor(list: readonly string[]) {
    this.#entries = list.map(entryOf);
  }

  /** Is the URL reached without the proxy? */
  has(url: URL): boolean {
    const host = canonical(url.hostname);
    const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
    const groups = groupsOf(host);
    return this.#entries.some((entry) => {
      if (entry.port !== null && entry.port !== port) return false;
      if (entry.kind === 'all') return true;
      if (entry.kind === 'address') return groups !== null && begins(groups, entry.groups, entry.prefix);
      return groups === null && (host === entry.name || host.endsWith(`.${entry.name}`));
    });
  }
}

function entryOf(text: string): Entry {
  const match = entryForm.exec(text.trim());
  const [, host = '', prefix, port = null] = match ?? [];
  if (host === '*' && prefix === undefined) return { kind: 'all', port };
  const name = hostOf(host.includes(':') && !host.startsWith('[') ? `[${host}]` : host.replace(/^\*?\./, ''));
  const groups = name === null ? null : groupsOf(name);
  if (groups !== null) {
    const size = groups.length * widthOf(groups);
    if (Number(prefix ?? size) <= size) return { kind: 'address', groups, prefix: Number(prefix ?? size), port };
  } else if (name !== null && prefix === undefined) return { kind: 'name', name, port };
  throw new TypeError(`Cannot read an entry of noProxy: ${text}`);
}

/** As a URL has it: lower case, IDNA, and one way to write an address. Null for what is no host. */
function hostOf(host: string): string | null {
  if (host === '' || /[@?#,\\*\s]/.test(host)) return null;
  try {
    return canonical(new URL(`http://${host}`).hostname);
  } catch {
    return null;
  }
}

function canonical(hostname: string): string {
  return hostname.toLowerCase().replace(/\.$/, '');
}

/** The bytes of an IPv4 address, or the 16-bit groups of an IPv6 one, from what a URL says; null for a name. */
function groupsOf(host: string): readonly number[] | null {
  if (/^\d+\.\d+\.\d+\.\d+$/.test(host)) return host.split('.').map(Number);
  if (!host.startsWith('[')) return null;
  const [left = '', right] = host.slice(1, -1).split('::');
  const before = left === '' ? [] : left.split(':');
  const after = right === undefined || right === '' ? [] : right.split(':');
  const zeros = new Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16));
}

function widthOf(groups: readonly number[]): number {
  return groups.length === 4 ? 8 : 16;
}

function begins(groups: readonly number[], beginning: readonly number[], prefix: number): boolean {
  if (groups.length !== beginning.length) return false;
  const width = widthOf(groups);
  return groups.every((group, i) => {
    const bits = Math.min(Math.max(prefix - i * width, 0), width);
    return group >> (width - bits) === (beginning[i] ?? 0) >> (width - bits);
  });
}
