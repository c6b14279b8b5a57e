/** The audit log's hash chain, checked on the reader's own machine. */
import { blake3 } from "@noble/hashes/blake3.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

/** The hash before the first event. */
export const GENESIS = "0".repeat(64);

export interface ChainEvent {
  seq: number;
  time_ms: number;
  actor: string;
  action: string;
  noun: string;
  id: string;
  outcome: string;
  /** The detail exactly as it is stored: the hash covers these bytes. */
  detail_text: string;
  prev_hash: string;
  hash: string;
}

/** BLAKE3 over the length-prefixed fields in their order, as the server computes it. */
export function hashOf(event: ChainEvent): string {
  const hasher = blake3.create({});
  const fields = [
    event.prev_hash,
    String(event.seq),
    String(event.time_ms),
    event.actor,
    event.action,
    event.noun,
    event.id,
    event.outcome,
    event.detail_text,
  ];
  for (const field of fields) {
    const data = utf8ToBytes(field);
    const size = new Uint8Array(8);
    new DataView(size.buffer).setBigUint64(0, BigInt(data.length), true);
    hasher.update(size);
    hasher.update(data);
  }
  return bytesToHex(hasher.digest());
}

export type Verdict = { ok: true; checked: number; head: string } | { ok: false; checked: number; seq: number; reason: string };

/** Continues a check with the next events in ascending order; `prev` and `seq` are where the last part ended. */
export function verify(events: readonly ChainEvent[], prev = GENESIS, seq = 0): Verdict {
  let head = prev;
  let last = seq;
  for (const event of events) {
    if (event.seq !== last + 1) return { ok: false, checked: last, seq: event.seq, reason: `event ${last + 1} is missing` };
    if (event.prev_hash !== head) return { ok: false, checked: last, seq: event.seq, reason: "it does not follow the event before it" };
    if (hashOf(event) !== event.hash) return { ok: false, checked: last, seq: event.seq, reason: "its contents do not match its hash" };
    head = event.hash;
    last = event.seq;
  }
  return { ok: true, checked: last, head };
}
