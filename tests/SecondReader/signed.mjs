// Signed objects: header ‖ u32 body length ‖ body ‖ signatures.
import * as cbor from './cbor.mjs';
import { demand, hex } from './refusal.mjs';
import { sha256, verifiesSignature } from './seal.mjs';
import { headerBytes } from './store.mjs';

const signatureShape = cbor.list(cbor.tuple(cbor.uint, cbor.id, cbor.bytes), 32);
export const headShape = cbor.tuple(cbor.uint, cbor.id);
const mostBodyBytes = 16 * 2 ** 20;
export const mostSignedBytes = mostBodyBytes + 2 ** 16;

// Ids of the members under whose Ed25519 key a signature verifies; `keyOf(member id)` is undefined for an unknown member.
export function verifiedSigners(storedSignatures, digest, keyOf) {
  const signatures = signatureShape(cbor.decode(storedSignatures), 'signatures'), signers = [];
  demand(signatures.length > 0, 'malformed', 'an object without a signature');
  for (const [algorithm, memberId, signature] of signatures) {
    const key = algorithm === 1 ? keyOf(hex(memberId)) : undefined;
    if (!key) continue;
    demand(signature.length === 64 && verifiesSignature(key, digest, signature), 'tampered', 'a signature does not verify');
    signers.push(hex(memberId));
  }
  return [...new Set(signers)];
}

// The one member that signed an object other than a register entry; undefined if none is known or no algorithm is.
export function verifiedSigner(storedSignatures, digest, keyOf) {
  const under = new Set(signatureShape(cbor.decode(storedSignatures), 'signatures').map(([, memberId]) => hex(memberId)));
  demand(under.size <= 1, 'malformed', 'signatures of several members');
  return verifiedSigners(storedSignatures, digest, keyOf)[0];
}

export function splitSigned(stored) {
  demand(stored.length >= headerBytes + 4, 'no object', 'a signed object is cut');
  const length = stored.readUInt32LE(headerBytes), end = headerBytes + 4 + length;
  demand(length <= mostBodyBytes && end < stored.length, 'malformed', 'the body of a signed object goes beyond it');
  return { body: cbor.decode(stored.subarray(headerBytes + 4, end)), digest: sha256(stored.subarray(0, end)), signatures: stored.subarray(end), hash: sha256(stored) };
}
