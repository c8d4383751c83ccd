// What must be true of every world, each in a sentence. Where it is looked at is in the files that use the names.

export const invariants = {
  'one-ending': 'each call, and each exchange, ends exactly once',
  'own-answer': 'each response reaches the call that asked for it',
  'own-bytes': 'no byte of one message appears in another',
  'whole-or-failed': 'a body arrives whole, or fails',
  'own-request': 'the handler sees the request as it was made',
  'unsent-is-unsent': 'of a request that is reported unsent no byte was sent',
  'seen-is-not-safe': 'what the handler saw is never reported safe to repeat',
  'seen-once': 'the handler sees a request once at most',
  'fair-verdict': 'a verdict fits its reason, and what happened',
  'no-needless-loss': 'a call that nothing stands against is answered as the handler answers',
  'last-is-last': 'nothing new is sent, and no request is taken in, once the connection is decided to close',
  'sent-when-sure':
    'a request goes out behind another only where both can be repeated and the connection is kept, and in chunks where that is known',
  'waits-for-100': 'a body that waits for 100 does not go before it, and nothing follows one that was refused',
  'close-is-heard': 'who says that the connection closes, or cannot keep it, is believed',
  'close-is-said': 'a server that is to close says so in its last response',
  'one-framing': 'a message that states its length in two ways is refused',
  'mistakes-answered': 'a mistake of the peer is answered with its status, where no response has begun',
  lingers: 'a server that has sent its last byte waits for the end of its peer, or for long enough',
  'as-wanted': 'a transport is read only while its connection wants input, and written only while it takes more',
  'held-is-not-late': 'a peer whose body waits here to be read is not said to be late',
  'end-is-end': 'what has ended or finished does not go on, and waits for nothing',
  'close-stays': 'persistence never leaves close, nor changes its reason',
  'events-in-order': 'the events of a connection come in the order that it promises',
  'relaxed-is-told': 'what departs from the grammar is read only where that is allowed, and its head says so',
  'relaxed-is-last': 'nothing is taken in behind a head that another reader could have read otherwise',
  'limits-hold': 'no more of a body is told than the limits allow',
  'allowed-pairs': 'an exchange is only in pairs of states that the joint table allows',
  'length-agrees': 'length counts the calls without a complete response',
  'notify-tells': 'notify resolves when length changes and when the connection closes',
  'closed-first': 'onClosed is called once, before the calls that wait fail',
  'no-deadlock': 'time never stands still while something waits, nor runs on for ever',
  'nothing-thrown': 'nothing throws but to tell its caller of a mistake',
  'nothing-left': 'after the end no timer is set, no transport is open, nobody listens, and nothing is held',
  'bytes-untouched': 'the bytes that somebody gave to be sent are not written to',
} as const;

export type Invariant = keyof typeof invariants;

/** One that was not true. */
export interface Violation {
  readonly invariant: Invariant;
  /** The seed of the world. */
  readonly world: number;
  /** When, in milliseconds of the world's clock. */
  readonly time: number;
  readonly detail: string;
}

/** Takes what was found; the world adds where it was. */
export type Report = (invariant: Invariant, detail: string) => void;
