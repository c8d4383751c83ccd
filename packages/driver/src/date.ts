// The Date of a response (RFC 9110 §6.6.1). The only place that looks at the wall clock.

import type { HeaderPairs } from '@halfpipe/core';

let second = -1;
let field: readonly [string, string] = ['Date', ''];
let alone: HeaderPairs = [field];

/** The fields with a Date behind them, unless there is one. It is made once a second, for all connections. */
export function dated(headers: HeaderPairs | undefined): HeaderPairs {
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) {
    second = now;
    field = ['Date', new Date(now * 1000).toUTCString()];
    alone = [field];
  }
  if (headers === undefined) return alone;
  const fields: (readonly [string, string])[] = [];
  for (const given of headers) {
    if (given[0].length === 4 && given[0].toLowerCase() === 'date') return headers;
    fields.push(given);
  }
  fields.push(field);
  return fields;
}
