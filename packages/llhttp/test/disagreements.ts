// Where the core and llhttp are known to part: each class by what either does, what the bytes are, and who is right. The first that
// holds is the one.

import { hasControl, hasTabBehind, type Place, trimmed } from './place.ts';

export interface Class {
  readonly name: string;
  readonly section: string;
  /** Whose reading is the right one; `either` where the RFC lets both be. */
  readonly right: 'core' | 'llhttp' | 'either';
  readonly why: string;
  readonly holds: (place: Place) => boolean;
  /** The core takes the head, and the second opinion refuses it. */
  readonly refused?: true;
}

// llhttp's table, and what it takes in other protocols alone.
const methods =
  'DELETE GET HEAD POST PUT CONNECT OPTIONS TRACE COPY LOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH UNLOCK BIND REBIND UNBIND ACL REPORT ' +
  'MKACTIVITY CHECKOUT MERGE M-SEARCH NOTIFY SUBSCRIBE UNSUBSCRIBE PATCH PURGE MKCALENDAR LINK UNLINK QUERY SOURCE';
const otherMethods =
  'PRI DESCRIBE ANNOUNCE SETUP PLAY PAUSE TEARDOWN GET_PARAMETER SET_PARAMETER REDIRECT RECORD FLUSH';
const ofOthers = otherMethods.split(' ');
const known = [...methods.split(' '), ...ofOthers];

const token = /^[!#$%&'*+.^_`|~\w-]+$/;
// Of a chunk's line, up to the middle of it.
const chunkLineBegun = /^[0-9a-f]+(?:[^"]|"(?:[^"\\]|\\.)*")*$/i;

/** Only chunked, or chunked at last, with a tab behind it. */
function hasTabbedCoding(p: Place): boolean {
  return (
    p.elements('transfer-encoding').at(-1) === 'chunked' && hasTabBehind(p.values('transfer-encoding').at(-1) ?? '')
  );
}

function refusesChunk(p: Place, why: RegExp, line: RegExp): boolean {
  return p.refuses('ERR_CHUNK', why) && line.test(p.chunkLine) && !hasTabbedCoding(p);
}

const isUnknownInterim = (status: string) => /^1(?:0[4-9]|[1-9]\d)$/.test(status);

// The core refuses, and llhttp reads on.

const startLines: readonly Class[] = [
  {
    name: 'CONNECT to no authority',
    section: 'RFC 9110 §9.3.6',
    right: 'core',
    why: 'a server MUST refuse a target that is no host with a port; llhttp looks at characters alone',
    holds: (p) =>
      p.refuses('ERR_START_LINE', /is no request-target/) && /^CONNECT (?![\w.-]+:[1-9]\d{0,3} )/.test(p.startLine),
  },
  {
    name: 'an asterisk for others than OPTIONS',
    section: 'RFC 9112 §3.2.4',
    right: 'core',
    why: 'the asterisk form is for OPTIONS; llhttp takes it of all, with anything behind it',
    holds: (p) => p.refuses('ERR_START_LINE', /is no request-target/) && /^(?!CONNECT )\S+ \*/.test(p.startLine),
  },
  {
    name: 'an absolute form without a valid authority',
    section: 'RFC 9110 §4.2',
    right: 'core',
    why: 'an empty host, user information and a port that is no number are invalid; llhttp looks at characters alone',
    holds: (p) =>
      p.refuses('ERR_START_LINE', /is no request-target/) &&
      /^(?!CONNECT )\S+ [A-Za-z]+:\/\/(?![\w.-]+(?::\d+)?[/? ])/.test(p.startLine),
  },
  {
    name: 'a fragment in a target',
    section: 'RFC 9112 §3.2',
    right: 'core',
    why: 'a request-target has none',
    holds: (p) => p.refuses('ERR_START_LINE', /the request-target: unexpected "#"/) && p.startLine.includes('#'),
  },
  {
    name: 'a request-line without a version',
    section: 'RFC 9112 §3',
    right: 'core',
    why: 'it has one; llhttp reads it as HTTP/0.9',
    holds: (p) =>
      p.refuses('ERR_START_LINE', /the request-target: unexpected 0x0[ad]/) && /^\S+ [^ \n]*(?:\n|$)/.test(p.startLine),
  },
  {
    name: 'several spaces in a request-line',
    section: 'RFC 9112 §3',
    right: 'either',
    why: 'its parts are one space apart, but a recipient MAY be lenient; the core is not',
    holds: (p) =>
      p.refuses('ERR_START_LINE', /the (?:version|request-target): unexpected 0x20/) &&
      /^\S+ (?: |\S+ {2,})/.test(p.startLine),
  },
  {
    name: 'several empty lines before a request',
    section: 'RFC 9112 §2.2',
    right: 'either',
    why: 'a server SHOULD ignore one at least; the core ignores one, llhttp any number',
    holds: (p) =>
      p.role === 'request' &&
      p.refuses('ERR_START_LINE', /the method: unexpected 0x0d/) &&
      p.lead.startsWith('\r\n\r\n'),
  },
  {
    name: 'LF alone before a request',
    section: 'RFC 9112 §2.2',
    right: 'either',
    why: 'a recipient MAY take it for a line end; the core does not',
    holds: (p) =>
      p.role === 'request' && p.refuses('ERR_START_LINE', /the method: unexpected 0x0a/) && /^(?:\r\n)?\n/.test(p.lead),
  },
  {
    name: 'CR alone before a request',
    section: 'RFC 9112 §2.2',
    right: 'core',
    why: 'a recipient MUST take it for invalid, or a space; llhttp skips it',
    holds: (p) =>
      p.role === 'request' &&
      p.refuses('ERR_START_LINE', /the (?:empty line before the start-line|method): unexpected/) &&
      /^(?:\r\n)?\r(?!\n)/.test(p.lead),
  },
  {
    name: 'line ends before a response',
    section: 'RFC 9112 §2.2',
    right: 'core',
    why: 'empty lines are skipped before a request-line alone; llhttp skips them before a status line too',
    holds: (p) =>
      p.role === 'response' && p.refuses('ERR_START_LINE', /the version: unexpected 0x0[ad]/) && p.lead !== '',
  },
  {
    name: 'CR CR behind a reason',
    section: 'RFC 9112 §2.2',
    right: 'core',
    why: 'a line ends with CR LF; llhttp takes a second CR for LF',
    holds: (p) =>
      p.role === 'response' &&
      p.refuses('ERR_START_LINE', /the end of the start-line: unexpected 0x0d/) &&
      p.startLine.includes('\r\r'),
  },
  {
    name: 'a control in a reason',
    section: 'RFC 9112 §4',
    right: 'core',
    why: 'none but HTAB may be there; llhttp takes all but CR and LF',
    holds: (p) =>
      p.refuses('ERR_START_LINE', /the reason phrase: unexpected 0x(?:0[0-8bcef]|1.|7f)/) && hasControl(p.startLine),
  },
  {
    name: 'a status below 100',
    section: 'RFC 9110 §15',
    right: 'either',
    why: 'it is invalid, and SHOULD be taken for 5xx; the core refuses what looks like no final status',
    holds: (p) => p.refuses('ERR_START_LINE', /the status code: unexpected "0" at byte 9 /) && p.status.startsWith('0'),
  },
  {
    name: 'another major version',
    section: 'RFC 9110 §2.5',
    right: 'core',
    why: 'it is another protocol; llhttp reads HTTP/2.0 and HTTP/0.9 as this one',
    holds: (p) =>
      p.refuses('ERR_VERSION', /^Cannot speak HTTP\/(?:2\.0|0\.9)/) && /HTTP\/(?:2\.0|0\.9)/.test(p.startLine),
  },
];

const fields: readonly Class[] = [
  {
    name: 'no Host',
    section: 'RFC 9112 §3.2',
    right: 'core',
    why: 'a server MUST refuse the request; llhttp leaves that to its user',
    holds: (p) => p.refuses('ERR_HEADER', /no Host field$/) && p.values('host').length === 0,
  },
  {
    name: 'several Hosts',
    section: 'RFC 9112 §3.2',
    right: 'core',
    why: 'a server MUST refuse the request; llhttp leaves that to its user',
    holds: (p) => p.refuses('ERR_HEADER', /more than one Host field$/) && p.values('host').length > 1,
  },
  {
    name: 'an invalid Host',
    section: 'RFC 9112 §3.2',
    right: 'core',
    why: 'a server MUST refuse the request; llhttp leaves that to its user',
    holds: (p) =>
      p.refuses('ERR_HEADER', /invalid Host/) &&
      p.values('host').every((value) => !/^[\w.-]+(?::\d*)?$/.test(trimmed(value))),
  },
  {
    name: 'more than a limit',
    section: 'RFC 9110 §5.4',
    right: 'either',
    why: 'a recipient MAY refuse what is larger than it wishes to process; llhttp has no limits',
    holds: (p) =>
      (p.refuses('ERR_HEAD_SIZE', /^Cannot accept the (?:head|start-line|fields|trailer section): /) ||
        p.refuses('ERR_CHUNK', /^Cannot accept (?:the chunk: its line is longer|chunk extensions of more) than/)) &&
      (p.left.length > 1_024 || p.left.split('\r\n').length > 100),
  },
  {
    name: 'Transfer-Encoding in HTTP/1.0',
    section: 'RFC 9112 §6.1',
    right: 'core',
    why: 'its framing MUST be taken for faulty; llhttp reads chunks',
    holds: (p) =>
      p.refuses('ERR_FRAMING', /Transfer-Encoding in HTTP\/1\.0$/) &&
      p.startLine.includes('HTTP/1.0') &&
      p.values('transfer-encoding').length > 0,
  },
  {
    name: 'CONNECT with a body',
    section: 'RFC 9110 §9.3.6',
    right: 'either',
    why: 'what it means is not defined; llhttp takes it for the beginning of the tunnel',
    holds: (p) => p.refuses('ERR_FRAMING', /CONNECT has no content$/) && p.method === 'CONNECT',
  },
  {
    name: 'an empty element among codings',
    section: 'RFC 9110 §5.6.1.2',
    right: 'either',
    why: 'a recipient MUST ignore a reasonable number of them; the core has none where a message is framed',
    holds: (p) =>
      p.refuses(
        'ERR_FRAMING',
        /chunked is not the last of|malformed Transfer-Encoding|both Transfer-Encoding and Content-Length$/,
      ) && p.elements('transfer-encoding').includes(''),
  },
  {
    name: 'an upgrade under a coding that is not chunked',
    section: 'RFC 9112 §6.3',
    right: 'core',
    why: 'a server MUST refuse the request; llhttp takes what follows for the other protocol',
    holds: (p) =>
      p.role === 'request' &&
      p.refuses('ERR_FRAMING', /chunked is not the last of/) &&
      p.values('upgrade').length > 0 &&
      p.elements('connection').includes('upgrade'),
  },
  {
    name: 'a response under a coding that is not chunked',
    section: 'RFC 9112 §6.3',
    right: 'either',
    why: 'it lasts until the connection closes, and its content is unknown; the core refuses it, llhttp gives what comes',
    holds: (p) =>
      p.role === 'response' &&
      p.refuses('ERR_FRAMING', /chunked is not the last of/) &&
      p.elements('transfer-encoding').at(-1) !== 'chunked',
  },
  {
    name: 'codings that are malformed, or chunked twice',
    section: 'RFC 9112 §6.1',
    right: 'core',
    why: 'a coding is a token, and chunked is applied once; llhttp looks for chunked at the end',
    holds: (p) =>
      p.refuses('ERR_FRAMING', /malformed Transfer-Encoding/) &&
      p.elements('transfer-encoding').some((each, i, all) => {
        return (each === 'chunked' && i < all.length - 1) || !token.test(each.split(';', 1)[0] ?? '');
      }),
  },
  {
    name: 'a coding before chunked',
    section: 'RFC 9112 §6.1',
    right: 'either',
    why: 'whoever does not know a coding SHOULD answer 501; llhttp undoes chunked and gives the rest as it is',
    holds: (p) =>
      p.refuses('ERR_CODING', /^Cannot decode/) &&
      p.elements('transfer-encoding').length > 1 &&
      p.elements('transfer-encoding').at(-1) === 'chunked',
  },
  {
    name: 'a length of many digits',
    section: 'RFC 9110 §8.6',
    right: 'either',
    why: 'a recipient must guard against overflow; the core takes sixteen digits up to 2^53 - 1, llhttp 64 bits',
    holds: (p) =>
      p.refuses('ERR_FRAMING', /invalid Content-Length/) &&
      p.values('content-length').some((value) => /^\d{16,}$/.test(trimmed(value))),
  },
  {
    name: '101 that nobody asked for',
    section: 'RFC 9110 §7.8',
    right: 'core',
    why: 'a server MUST NOT switch to what the client has not named; llhttp does not know the request',
    holds: (p) =>
      p.refuses('ERR_UNSOLICITED', /the request did not ask for (?:it|".*")$/) &&
      p.status === '101' &&
      !(p.methods.includes('UPGRADE') && p.elements('upgrade').every((each) => each === 'x')),
  },
  {
    name: '101 to nothing',
    section: 'RFC 9110 §7.8',
    right: 'core',
    why: 'a server MUST send Upgrade, with what it switches to; llhttp goes by the status',
    holds: (p) =>
      p.refuses('ERR_HEADER', /the response names none$/) &&
      p.status === '101' &&
      !(p.elements('connection').includes('upgrade') && p.elements('upgrade').some((each) => each !== '')),
  },
];

const bodies: readonly Class[] = [
  {
    name: 'a chunk size of many digits',
    section: 'RFC 9112 §7.1',
    right: 'either',
    why: 'a recipient must guard against overflow; the core takes sixteen digits up to 2^53 - 1, llhttp 64 bits',
    holds: (p) => refusesChunk(p, /its size has more than 16 digits/, /^[0-9a-f]{14,}/i),
  },
  {
    name: 'an empty name in a chunk extension',
    section: 'RFC 9112 §7.1.1',
    right: 'core',
    why: 'a name is a token, and no token is empty',
    holds: (p) => refusesChunk(p, /the chunk line: unexpected "[;=]"/, /^[0-9a-f]+(?:;.*)?;[;=]/i),
  },
  {
    name: 'an empty value in a chunk extension',
    section: 'RFC 9112 §7.1.1',
    right: 'core',
    why: 'a value is a token or a quoted string, and no token is empty',
    holds: (p) => refusesChunk(p, /the chunk line: unexpected (?:0x0d|";")/, /^[0-9a-f]+;.*=[\r;]/is),
  },
  {
    name: 'a quotation mark within a value of a chunk extension',
    section: 'RFC 9112 §7.1.1',
    right: 'core',
    why: 'a value is a token or a quoted string, not one and then the other',
    holds: (p) => refusesChunk(p, /the chunk line: unexpected """/, /^[0-9a-f]+;.*=[^";]+"/i),
  },
  {
    name: 'DEL in a quoted string of a chunk extension',
    section: 'RFC 9110 §5.6.4',
    right: 'core',
    why: 'no control but HTAB may be there; llhttp takes this one',
    holds: (p) => refusesChunk(p, /the chunk line: unexpected 0x7f/, /^[0-9a-f]+;.*="(?:[^"\\]|\\.)*\x7f/i),
  },
  {
    name: 'a trailer field that frames or routes',
    section: 'RFC 9110 §6.5.1',
    right: 'either',
    why: 'a sender MUST NOT send it; the core refuses it, llhttp gives it to its user',
    holds: (p) =>
      p.refuses('ERR_HEADER', /^Cannot accept (?:Host|Transfer-Encoding|Content-Length) as a trailer field$/) &&
      !hasTabbedCoding(p),
  },
  {
    name: 'chunks behind an interim response',
    section: 'RFC 9112 §6.3',
    right: 'core',
    why: 'no 1xx has a body, whatever its fields; llhttp knows that of 100 to 103',
    holds: (p) =>
      p.refuses('ERR_START_LINE', /the version: unexpected "[0-9a-f]"/i) &&
      isUnknownInterim(p.before?.start ?? '') &&
      p.before?.fields.some((name) => name.toLowerCase() === 'transfer-encoding') === true,
  },
];

// llhttp refuses, and the core reads on.

const refusedByLlhttp: readonly Class[] = [
  {
    name: 'a method that llhttp does not know',
    section: 'RFC 9110 §9.1',
    right: 'core',
    why: 'methods are any tokens; llhttp has a table of them',
    refused: true,
    holds: (p) => {
      const same =
        p.startLine === p.method ? (each: string) => each.startsWith(p.method) : (each: string) => each === p.method;
      return p.isRefused('INVALID_METHOD') && p.stop <= p.method.length && !known.some(same);
    },
  },
  {
    name: 'a method of another protocol',
    section: 'RFC 9110 §9.1',
    right: 'core',
    why: 'methods are any tokens; llhttp takes these for requests of RTSP alone',
    refused: true,
    holds: (p) => p.isRefused('INVALID_CONSTANT') && ofOthers.includes(p.method) && / HTTP/.test(p.startLine),
  },
  {
    name: 'PRI',
    section: 'RFC 9110 §9.1',
    right: 'core',
    why: 'methods are any tokens; llhttp takes this one for the preface of HTTP/2 alone',
    refused: true,
    holds: (p) => p.isRefused('INVALID_VERSION') && p.method === 'PRI',
  },
  {
    name: 'a higher minor version',
    section: 'RFC 9110 §2.5',
    right: 'core',
    why: 'a recipient reads it as the highest that it knows; llhttp knows 1.0 and 1.1',
    refused: true,
    holds: (p) => p.isRefused('INVALID_VERSION') && p.method !== 'PRI' && /HTTP\/1\.[2-9]/.test(p.startLine),
  },
  {
    name: 'a scheme of more than letters',
    section: 'RFC 3986 §3.1',
    right: 'core',
    why: 'digits, plus, hyphen and point may be in it; llhttp takes letters',
    refused: true,
    holds: (p) => p.isRefused('INVALID_URL') && /^\S+ [a-z]+[0-9+.-][a-z0-9+.-]*:\/\//i.test(p.startLine),
  },
  {
    name: 'a tunnel with fields of a body',
    section: 'RFC 9110 §9.3.6',
    right: 'core',
    why: 'a client MUST ignore both in a 2xx to CONNECT; llhttp does not know the request when it reads the fields',
    refused: true,
    holds: (p) =>
      p.isRefused('UNEXPECTED_CONTENT_LENGTH', 'INVALID_CONTENT_LENGTH', 'INVALID_TRANSFER_ENCODING') &&
      p.methods[0] === 'CONNECT' &&
      p.status.startsWith('2'),
  },
  {
    name: 'a tab behind a length',
    section: 'RFC 9110 §5.6.3',
    right: 'core',
    why: 'white space around a value is spaces and tabs; llhttp takes spaces',
    refused: true,
    holds: (p) =>
      p.isRefused('INVALID_CONTENT_LENGTH') &&
      /^content-length:[ \t]*\d+ *$/i.test(p.read) &&
      /^\t[ \t]*(?:\r|$)/.test(p.unread),
  },
  {
    name: 'a tab behind chunked',
    section: 'RFC 9110 §5.6.3',
    right: 'core',
    why:
      'white space around a value is spaces and tabs; to llhttp it is another coding, under which a request is refused, or ' +
      'has no body if it asks for an upgrade, and a response lasts until the connection closes',
    refused: true,
    holds: (p) => {
      if (!hasTabbedCoding(p)) return false;
      if (p.role === 'request' && p.values('upgrade').length === 0) return p.isRefused('INVALID_TRANSFER_ENCODING');
      const ends = /^(?:.* \| end|body \| body|switch \| switch)$/.test(p.both);
      return ends || p.isRefused('INVALID_TRANSFER_ENCODING');
    },
  },
  {
    name: 'white space in a chunk line',
    section: 'RFC 9110 §5.6.3',
    right: 'core',
    why: 'a recipient MUST parse it around the semicolon and the equals sign, bad as it is',
    holds: (p) =>
      p.isRefused('STRICT', 'INVALID_CHUNK_SIZE') &&
      !isUnknownInterim(p.status) &&
      chunkLineBegun.test(p.read) &&
      (/[ \t;=]$/.test(p.read) || /^[ \t]/.test(p.unread)),
  },
];

// Both read on, and otherwise.

const readOtherwise: readonly Class[] = [
  {
    name: 'the body of an interim response',
    section: 'RFC 9112 §6.3',
    right: 'core',
    why: 'no 1xx has one, whatever its fields; llhttp knows that of 100 to 103',
    refused: true,
    holds: (p) =>
      p.role === 'response' &&
      isUnknownInterim(p.status) &&
      p.values('content-length').length + p.values('transfer-encoding').length > 0 &&
      /^(?:body \| body|trailers \| trailers|end \| (?:midst|refused .*))$/.test(p.both),
  },
  {
    name: 'close in an interim response',
    section: 'RFC 9110 §15.2',
    right: 'core',
    why: 'the final response is still to come; llhttp takes nothing behind it, and nothing behind one of HTTP/1.0',
    holds: (p) =>
      p.role === 'response' &&
      p.status.startsWith('1') &&
      p.both === 'keep | close' &&
      (p.startLine.startsWith('HTTP/1.0') ||
        [...p.elements('connection'), ...p.elements('proxy-connection')].includes('close')),
  },
  {
    name: 'a tab behind an option of the connection',
    section: 'RFC 9110 §5.6.3',
    right: 'core',
    why: 'white space around an element is spaces and tabs; to llhttp it is another option',
    holds: (p) => {
      const values = [...p.values('connection'), ...p.values('connection', p.interims)];
      return p.inFate && values.some((value) => value.split(',').some(hasTabBehind));
    },
  },
  {
    name: 'Proxy-Connection',
    section: 'RFC 9110 §7.6.1',
    right: 'core',
    why: 'it is not of HTTP; llhttp reads it as Connection',
    holds: (p) => p.inFate && p.elements('proxy-connection').some((each) => each === 'close' || each === 'keep-alive'),
  },
  {
    name: 'Upgrade of an empty list',
    section: 'RFC 9110 §5.6.1.2',
    right: 'core',
    why: 'empty elements are ignored, so it names no protocol; llhttp goes by a value that is not empty',
    holds: (p) =>
      /^(?:keep|close) \| switch$/.test(p.both) &&
      p.values('upgrade').some((value) => value.includes(',')) &&
      p.elements('upgrade').every((each) => each === ''),
  },
  {
    name: 'close as a trailer field',
    section: 'RFC 9110 §6.5.1',
    right: 'core',
    why: 'a trailer field is not of the head; llhttp reads Connection in either',
    holds: (p) =>
      p.llhttp === 'last' &&
      p.before?.trailers.some(
        (name, i, all) => i % 2 === 0 && /^(?:proxy-)?connection$/i.test(name) && /close/i.test(all[i + 1] ?? ''),
      ) === true,
  },
  {
    name: 'close and keep-alive in HTTP/1.0',
    section: 'RFC 9112 §9.3',
    right: 'core',
    why: 'close comes first; llhttp looks for keep-alive alone',
    holds: (p) =>
      p.both === 'close | keep' &&
      [p.head, p.interims].some((head) => {
        const options = p.elements('connection', head);
        return head.includes('HTTP/1.0') && options.includes('close') && options.includes('keep-alive');
      }),
  },
  {
    name: 'Upgrade in HTTP/1.0',
    section: 'RFC 9110 §7.8',
    right: 'core',
    why: 'a server MUST ignore it there',
    holds: (p) =>
      /^(?:keep|close) \| switch$/.test(p.both) && p.startLine.includes('HTTP/1.0') && p.values('upgrade').length > 0,
  },
];

// The input ends before the head does.

const cutShort: readonly Class[] = [
  {
    name: 'the end behind a length that is none',
    section: 'RFC 9112 §6.3',
    right: 'either',
    why: 'the head would be refused; the core waits for its end',
    holds: (p) => p.isRefusedSooner('INVALID_CONTENT_LENGTH', 'ERR_FRAMING'),
  },
  {
    name: 'the end behind two lengths',
    section: 'RFC 9112 §6.3',
    right: 'either',
    why: 'the head would be refused; the core waits for its end',
    holds: (p) => p.isRefusedSooner('UNEXPECTED_CONTENT_LENGTH', 'ERR_FRAMING'),
  },
  {
    name: 'the end behind a coding that may not be',
    section: 'RFC 9112 §6.3',
    right: 'either',
    why: 'the head would be refused; the core waits for its end',
    holds: (p) => p.isRefusedSooner('INVALID_TRANSFER_ENCODING', 'ERR_FRAMING'),
  },
  {
    name: 'the end behind a target that may not be',
    section: 'RFC 9112 §3.2',
    right: 'either',
    why: 'the head would be refused; the core waits for its end',
    holds: (p) => p.isRefusedSooner('INVALID_URL', 'ERR_START_LINE'),
  },
  {
    name: 'the end in a version',
    section: 'RFC 9112 §2.3',
    right: 'either',
    why: 'the head would be refused, if this is all of the version; the core waits for its end',
    holds: (p) =>
      p.both === 'midst | refused INVALID_VERSION' && p.startLine === p.head && /HTTP\/[02-9]\.\d$/.test(p.head),
  },
  {
    name: 'the end behind a trailer field that frames',
    section: 'RFC 9110 §6.5.1',
    right: 'either',
    why: 'the trailer section would be refused; the core waits for its end',
    holds: (p) =>
      /^midst \| refused (?:INVALID_CONTENT_LENGTH|UNEXPECTED_CONTENT_LENGTH|INVALID_TRANSFER_ENCODING)$/.test(
        p.both,
      ) &&
      p.whole &&
      !hasTabbedCoding(p) &&
      /^(?:content-length|transfer-encoding):/i.test(p.read),
  },
];

export const classes: readonly Class[] = [
  ...startLines,
  ...fields,
  ...bodies,
  ...refusedByLlhttp,
  ...readOtherwise,
  ...cutShort,
];
