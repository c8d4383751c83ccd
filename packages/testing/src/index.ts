// The public names, and nothing else.

export { Clock, ClockError, type ClockOptions } from './clock.ts';
export {
  type Ability,
  type ContractCase,
  ContractError,
  type ContractOptions,
  type ContractResult,
  type ContractSubject,
  contract,
  runContract,
} from './contract.ts';
export { difference } from './difference.ts';
export { collect, drain, EventLog, lineOf } from './events.ts';
export type { ExpectedHead } from './expected-head.ts';
export { type Fault, NetworkError } from './fault.ts';
export { MemoryTransport, type PairOptions, pair, type SideOptions } from './memory.ts';
export { type Link, Network, type NetworkOptions } from './network.ts';
export { bytes, text, visible } from './octets.ts';
export { type OpenTo, type OpenToOptions, openTo } from './open-to.ts';
export type { Chunking, PipeOptions } from './pipe.ts';
export { Random } from './random.ts';
export { record } from './recording.ts';
export { RecordingError, type Replay, type ReplayOptions, replay } from './replay.ts';
export {
  type DialFault,
  defaultRates,
  type FaultKind,
  type FaultRates,
  type LinkPlan,
  type Schedule,
  seededSchedule,
} from './schedule.ts';
export { ScriptError, ScriptedPeer, type ScriptedPeerOptions } from './scripted-peer.ts';
