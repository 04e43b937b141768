// Derivations, the seal and KEM envelopes (docs/format/README.md, "Sealing").
import { createDecipheriv, createHash, createHmac, createPublicKey, createPrivateKey, hkdfSync, timingSafeEqual, verify } from 'node:crypto';
import { ml_kem768_x25519 as xwing } from '@noble/post-quantum/hybrid.js';
import { demand, refuse } from './refusal.mjs';

export const tagBytes = 16, blobFrameBytes = 65536, kemBytes = 1120;
const none = Buffer.alloc(0);

export const sha256 = (...parts) => parts.reduce((h, p) => h.update(p), createHash('sha256')).digest();
export const hmac = (key, ...parts) => parts.reduce((h, p) => h.update(p), createHmac('sha256', key)).digest();
export const hkdf = (ikm, salt, info, n) => Buffer.from(hkdfSync('sha256', ikm, salt, info, n));
export const derived = (key, label) => hkdf(key, none, label, 32);
export const u32 = n => { const b = Buffer.alloc(4); b.writeUInt32LE(n); return b; };
export const u64 = n => { const b = Buffer.alloc(8); b.writeBigUInt64LE(BigInt(n)); return b; };

// Opens the frames of one object under one root and purpose. `header` holds { bytes, objectId }.
export class Opener {
  constructor(root, purpose, header, commitment) {
    const okm = hkdf(root, header.objectId, Buffer.concat([Buffer.from(purpose + '\0', 'latin1'), header.bytes]), 64);
    demand(timingSafeEqual(okm.subarray(32), commitment), 'wrong key', `the commitment of ${purpose} does not fit`);
    this.key = okm.subarray(0, 32);
    this.header = header;
  }

  frame(number, stored, isLast, claim = none) {
    const nonce = Buffer.alloc(12);
    nonce.writeBigUInt64BE(BigInt(number), 4);
    return openGcm(this.key, nonce, [this.header.bytes, u64(number), Buffer.of(isLast ? 1 : 0), claim], stored);
  }

  // Frames of 65,536 bytes each, the last one flagged, numbered from `first`.
  frames(stored, first = 0) {
    const step = blobFrameBytes + tagBytes, parts = [];
    demand(stored.length > 0, 'malformed', 'a sealed part without a frame');
    for (let at = 0; at < stored.length; at += step)
      parts.push(this.frame(first + parts.length, stored.subarray(at, at + step), at + step >= stored.length));
    demand(parts.length === 1 || parts.at(-1).length > 0, 'malformed', 'an empty last frame');
    return Buffer.concat(parts);
  }
}

export function openGcm(key, nonce, aad, stored) {
  demand(stored.length >= tagBytes, 'malformed', 'a frame is shorter than its tag');
  const cipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.concat(aad));
  cipher.setAuthTag(stored.subarray(stored.length - tagBytes));
  const plain = cipher.update(stored.subarray(0, stored.length - tagBytes));
  try { cipher.final(); } catch { refuse('tampered', 'a frame does not open'); }
  return plain;
}

export function openBlob(root, purpose, header, blob) {
  demand(blob.length >= 32 + tagBytes, 'malformed', 'a sealed blob is too short');
  return new Opener(root, purpose, header, blob.subarray(0, 32)).frames(blob.subarray(32));
}

export const decapsulate = (seed, ciphertext) => Buffer.from(xwing.decapsulate(ciphertext, seed));
export const sealingPublicKey = seed => Buffer.from(xwing.keygen(seed).publicKey);

export function openEnvelope(seed, purpose, header, envelope) {
  demand(envelope.length >= kemBytes + 32 + tagBytes, 'malformed', 'an envelope is too short');
  return openBlob(decapsulate(seed, envelope.subarray(0, kemBytes)), purpose, header, envelope.subarray(kemBytes));
}

const spki = Buffer.from('302a300506032b6570032100', 'hex'), pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex');

export function verifiesSignature(publicKey, digest, signature) {
  const key = createPublicKey({ key: Buffer.concat([spki, publicKey]), format: 'der', type: 'spki' });
  return verify(null, Buffer.concat([Buffer.from('sb1/sign'), digest]), key, signature);
}

export function signingPublicKey(seed) {
  const key = createPrivateKey({ key: Buffer.concat([pkcs8, seed]), format: 'der', type: 'pkcs8' });
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(spki.length);
}
