// Published vectors for every primitive, and the refusals of the CBOR and zstd readers.
import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { test } from 'node:test';
import { ml_kem768_x25519 as xwing } from '@noble/post-quantum/hybrid.js';
import { argon2id } from 'hash-wasm';
import { decode, decodeSequence, record, uint } from './cbor.mjs';
import { decompress } from './packs.mjs';
import { decapsulate, hkdf, openBlob, openGcm, sealingPublicKey, sha256, signingPublicKey, verifiesSignature } from './seal.mjs';

const bin = s => Buffer.from(s.replace(/\s/g, ''), 'hex');
const refused = (as, act) => assert.throws(act, e => e.as === as || assert.fail(`${e}`));

test('HKDF-SHA-256, RFC 5869 A.1 and A.3', () => {
  assert.deepEqual(hkdf(Buffer.alloc(22, 0x0b), bin('000102030405060708090a0b0c'), bin('f0f1f2f3f4f5f6f7f8f9'), 42),
    bin('3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865'));
  assert.deepEqual(hkdf(Buffer.alloc(22, 0x0b), Buffer.alloc(0), Buffer.alloc(0), 42),
    bin('8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8'));
});

test('AES-256-GCM, case 14 of the GCM specification', () => {
  const stored = bin('cea7403d4d606b6e074ec5d3baf39d18 d0d1c8a799996bf0265b98b5d48ab919');
  assert.deepEqual(openGcm(Buffer.alloc(32), Buffer.alloc(12), [], stored), Buffer.alloc(16));
  stored[31] ^= 1;
  refused('tampered', () => openGcm(Buffer.alloc(32), Buffer.alloc(12), [], stored));
});

test('Ed25519 public key, RFC 8032 7.1 test 1', () => {
  assert.deepEqual(signingPublicKey(bin('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60')), bin('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'));
  assert.equal(verifiesSignature(bin('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'), sha256(Buffer.alloc(0)), Buffer.alloc(64)), false);
});

test('X-Wing, first vector of draft-connolly-cfrg-xwing-kem', () => {
  const seed = bin('7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26');
  const random = bin('3cb1eea988004b93103cfb0aeefd2a686e01fa4a58e8a3639ca8a1e3f9ae57e2 35b8cc873c23dc62b8d260169afa2f75ab916a58d974918835d25e6a435085b2');
  const { cipherText } = xwing.encapsulate(sealingPublicKey(seed), random);
  assert.deepEqual(decapsulate(seed, cipherText), bin('d2df0522128f09dd8e2c92b1e905c793d8f57a54c3da25861f10bf4ca613e384'));
});

test('Argon2id, 64 MiB and two passes, vector of the reference implementation', async () => {
  assert.equal(await argon2id({ password: 'password', salt: 'somesalt', memorySize: 65536, iterations: 2, parallelism: 1, hashLength: 32, outputType: 'hex' }),
    '09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7');
});

test('sealed blobs of every length at the edges of a frame', () => {
  const header = { bytes: Buffer.alloc(80, 7), objectId: Buffer.alloc(32, 8) }, root = Buffer.alloc(32, 9);
  for (const length of [0, 1, 65535, 65536, 65537, 131072]) {
    const plain = Buffer.alloc(length, 5), blob = seal(root, header, plain);
    assert.deepEqual(openBlob(root, 'sb1/meta', header, blob), plain);
    refused('wrong key', () => openBlob(root, 'sb1/owner', header, blob));
    refused('tampered', () => openBlob(root, 'sb1/meta', header, Buffer.concat([blob, Buffer.alloc(16)])));
    if (length > 65536) refused('tampered', () => openBlob(root, 'sb1/meta', header, blob.subarray(0, 32 + 65552)));
  }
});

function seal(root, header, plain) {
  const okm = hkdf(root, header.objectId, Buffer.concat([Buffer.from('sb1/meta\0'), header.bytes]), 64), parts = [okm.subarray(32)];
  for (let n = 0; n === 0 || n * 65536 < plain.length; n++) {
    const nonce = Buffer.alloc(12), number = Buffer.alloc(8), isLast = (n + 1) * 65536 >= plain.length;
    nonce.writeUInt32BE(n, 8);
    number.writeUInt32LE(n);
    const cipher = createCipheriv('aes-256-gcm', okm.subarray(0, 32), nonce).setAAD(Buffer.concat([header.bytes, number, Buffer.of(isLast ? 1 : 0)]));
    parts.push(cipher.update(plain.subarray(n * 65536, (n + 1) * 65536)), cipher.final(), cipher.getAuthTag());
  }
  return Buffer.concat(parts);
}

test('CBOR that is not deterministic, or not of the format, is refused', () => {
  assert.deepEqual(decode(bin('a2 00 1903e8 01 82 20 43 010203')), new Map([[0, 1000], [1, [-1, bin('010203')]]]));
  assert.equal(decode(bin('1bffffffffffffffff')), 0xffffffffffffffffn);
  assert.deepEqual(decodeSequence(bin('0102')), [1, 2]);
  const wrong = {
    'longer than needed': '1817', 'map keys descend': 'a201000000', 'map key twice': 'a200000000', 'text key': 'a1616100', 'indefinite array': '9fff', 'indefinite bytes': '5f4101ff',
    tag: 'c000', float: 'f93c00', 'true': 'f5', 'null': 'f6', 'trailing byte': '0000', empty: '', cut: '4401', 'not UTF-8': '61ff', 'huge array': '9b00ffffffffffffff', deep: '81'.repeat(16) + '00',
  };
  for (const [why, stored] of Object.entries(wrong)) assert.throws(() => decode(bin(stored)), e => e.as === 'malformed', why);
  assert.deepEqual(decode(bin('81'.repeat(15) + '00')).flat(Infinity), [0]);
});

test('unknown keys: below 128 refused, from 128 on ignored', () => {
  const shape = record({ 0: ['n', uint] });
  assert.deepEqual(shape(decode(bin('a2 00 05 1880 01')), 'it'), { n: 5 });
  refused('unsupported format', () => shape(decode(bin('a2 00 05 187f 01')), 'it'));
  refused('malformed', () => shape(decode(bin('a0')), 'it'));
});

test('zstd: one frame, no dictionary, exactly the plain length', () => {
  const frame = bin('28b52ffd 20 05 290000 68656c6c6f');
  assert.equal(decompress(frame, 5).toString(), 'hello');
  refused('malformed', () => decompress(frame, 4));
  refused('malformed', () => decompress(frame, 6));
  refused('malformed', () => decompress(Buffer.concat([frame, frame]), 10));
  refused('malformed', () => decompress(Buffer.concat([frame, bin('00')]), 5));
  refused('malformed', () => decompress(bin('28b52ffd 21 07 05 290000 68656c6c6f'), 5));
  refused('malformed', () => decompress(bin('00000000 00'), 5));
});
