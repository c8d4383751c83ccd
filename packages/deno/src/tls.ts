// The TLS options of both roles: those of Deno's that there are, and a refusal of all others. An option that says whom to trust, such as
// `requestCert` of Node's, must not be passed over in silence. Pure.

/** Options of a TLS client: those of `Deno.startTls()` and `Deno.connectTls()`. */
export interface ClientTls {
  /** Certificates in PEM that are trusted beside those that Deno trusts anyway. */
  readonly caCerts?: readonly string[];
  /** Offered by ALPN. `['http/1.1']`. */
  readonly alpnProtocols?: readonly string[];
  /** Whom the certificate has to name. A name is sent too, which an address must not be (RFC 6066 §3). The endpoint's host. */
  readonly hostname?: string;
  /** Takes a certificate whomever it names, if it is trusted. */
  readonly unsafelyDisableHostnameVerification?: boolean;
  /**
   * The client's own certificates in PEM, for a server that asks for one; with a `key`. Deno then knows no other `hostname` than the host,
   * and goes on connecting in the background when the signal aborts.
   */
  readonly cert?: string;
  /** The private key of `cert`, in PEM. */
  readonly key?: string;
}

/** Options of a TLS server: those of `Deno.listenTls()`, and a time limit. */
export interface ServerTls {
  /** The server's certificates in PEM, its own first. */
  readonly cert: string;
  /** The private key of `cert`, in PEM. */
  readonly key: string;
  /** Spoken by ALPN. `['http/1.1']`. */
  readonly alpnProtocols?: readonly string[];
  /** How long a client may take for its handshake, in milliseconds. 120_000. */
  readonly handshakeTimeout?: number;
}

const known: Readonly<Record<'client' | 'server', readonly string[]>> = {
  client: ['caCerts', 'alpnProtocols', 'hostname', 'unsafelyDisableHostnameVerification', 'cert', 'key'],
  server: ['cert', 'key', 'alpnProtocols', 'handshakeTimeout'],
};

/** @throws {TypeError} There is an option that Deno does not have. */
export function refuseUnknown(role: 'client' | 'server', options: ClientTls | ServerTls): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || known[role].includes(name)) continue;
    throw new TypeError(`Cannot use a TLS option that Deno does not have: ${name}`);
  }
}
