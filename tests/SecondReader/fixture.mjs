// Writes a small vault from the specification, for the reader's own tests: one owner, one pack, one segment, one snapshot.
import { createCipheriv, createPrivateKey, randomBytes, sign as signBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ml_kem768_x25519 as xwing } from '@noble/post-quantum/hybrid.js';
import { argon2id } from 'hash-wasm';
import { derived, hkdf, hmac, sealingPublicKey, sha256, signingPublicKey, u32, u64 } from './seal.mjs';
import { nameOf } from './store.mjs';

const u8 = (...values) => Buffer.from(values), joined = (...parts) => Buffer.concat(parts);
const map = object => new Map(Object.entries(object).filter(([, v]) => v !== undefined).map(([k, v]) => [Number(k), v]));

function head(major, n) {
  const top = major << 5;
  if (n < 24) return u8(top | n);
  if (n < 256) return u8(top | 24, n);
  const b = Buffer.alloc(9);
  b.writeBigUInt64BE(BigInt(n), 1);
  const size = n < 2 ** 16 ? 2 : n < 2 ** 32 ? 4 : 8;
  return joined(u8(top | { 2: 25, 4: 26, 8: 27 }[size]), b.subarray(9 - size));
}

function encode(v) {
  if (typeof v === 'number') return v >= 0 ? head(0, v) : head(1, -1 - v);
  if (typeof v === 'string') return joined(head(3, Buffer.byteLength(v)), Buffer.from(v));
  if (Buffer.isBuffer(v)) return joined(head(2, v.length), v);
  if (Array.isArray(v)) return joined(head(4, v.length), ...v.map(encode));
  return joined(head(5, v.size), ...[...v].sort(([a], [b]) => a - b).flatMap(([k, x]) => [encode(k), encode(x)]));
}

// Frames of one key; `cut` gives the frames of a plaintext as in a sealed blob.
class Sealer {
  constructor(root, purpose, header) {
    const okm = hkdf(root, header.subarray(48), joined(Buffer.from(purpose + '\0'), header), 64);
    Object.assign(this, { key: okm.subarray(0, 32), commitment: okm.subarray(32), header });
  }
  frame(n, plain, isLast, claim = Buffer.alloc(0)) {
    const nonce = Buffer.alloc(12);
    nonce.writeUInt32BE(n, 8);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce).setAAD(joined(this.header, u64(n), u8(isLast ? 1 : 0), claim));
    return joined(cipher.update(plain), cipher.final(), cipher.getAuthTag());
  }
  cut(plain, first = 0) {
    const count = Math.max(1, Math.ceil(plain.length / 65536));
    return joined(...Array.from({ length: count }, (_, i) => this.frame(first + i, plain.subarray(65536 * i, 65536 * (i + 1)), i === count - 1)));
  }
}

const blob = (root, purpose, header, plain) => { const s = new Sealer(root, purpose, header); return joined(s.commitment, s.cut(plain)); };
function envelope(publicKey, purpose, header, plain) {
  const { cipherText, sharedSecret } = xwing.encapsulate(publicKey);
  return joined(Buffer.from(cipherText), blob(Buffer.from(sharedSecret), purpose, header, plain));
}

export class Fixture {
  vaultId = randomBytes(32); bundleKey = randomBytes(32); secret = randomBytes(32); passphrase = 'pässphrase';
  seeds = { signing: randomBytes(32), sealing: randomBytes(32), identity: randomBytes(32) };
  keys = { chunkId: randomBytes(32), chunker: randomBytes(32), index: randomBytes(32), metadata: randomBytes(32), names: randomBytes(32) };
  chunks = [];

  constructor(root) {
    this.root = root;
    this.publicKey = signingPublicKey(this.seeds.signing);
    this.owner = sha256(this.publicKey);
    this.writerSeed = randomBytes(32);
    this.writerKey = signingPublicKey(this.writerSeed);
    this.writer = sha256(this.writerKey);
    this.identityKey = sealingPublicKey(this.seeds.identity);
  }

  header(kind, epoch, id) { return joined(Buffer.from('SECBKUP1'), u8(kind, 1, 0, 0), u32(epoch), this.vaultId, id); }
  put(name, bytes) { mkdirSync(dirname(join(this.root, name)), { recursive: true }); writeFileSync(join(this.root, name), bytes); return bytes; }
  sign(parts, seed = this.seeds.signing) {
    const key = createPrivateKey({ key: joined(Buffer.from('302e020100300506032b657004220420', 'hex'), seed), format: 'der', type: 'pkcs8' });
    return signBytes(null, joined(Buffer.from('sb1/sign'), sha256(...parts)), key);
  }
  signed(header, body, isWriters = false) {
    const part = joined(header, u32(body.length), body);
    return joined(part, encode([isWriters ? [1, this.writer, this.sign([part], this.writerSeed)] : [1, this.owner, this.sign([part])]]));
  }

  async write(files) {
    const bundleId = randomBytes(32), genesis = this.put('register/0000000000', this.genesis(bundleId));
    this.head = [0, sha256(genesis)];
    const bundle = encode(map({ 0: this.head[1], 1: this.head, 2: this.seeds.signing, 3: this.seeds.sealing, 4: [[1, this.seeds.identity]] }));
    const bundleHeader = this.header(2, 0, bundleId);
    this.put(nameOf('bundles', bundleId), joined(bundleHeader, blob(this.bundleKey, 'sb1/bundle', bundleHeader, bundle)));
    await this.unlockers();
    const ownerPart = this.listing(files), pack = this.pack();
    this.segment(pack);
    return this.manifest(ownerPart, pack, files);
  }

  genesis(bundleId) {
    const grantId = randomBytes(32), { chunkId, chunker, index, metadata, names } = this.keys;
    const grant = envelope(sealingPublicKey(this.seeds.sealing), 'sb1/grant', this.header(1, 1, grantId), encode(map({ 0: chunkId, 1: chunker, 2: index, 3: metadata, 4: names })));
    const changes = [
      [1, map({ 0: 'fastcdc-1m', 1: 2 ** 24 })], [2, map({ 0: 1, 1: this.identityKey })],
      [3, map({ 0: this.owner, 1: 'owner', 2: [[1, this.publicKey]], 3: sealingPublicKey(this.seeds.sealing), 4: 1 })],
      [3, map({ 0: this.writer, 1: 'writer', 2: [[1, this.writerKey]], 3: sealingPublicKey(this.seeds.sealing), 4: 4 })],
      [4, map({ 0: this.owner, 1: 1, 2: grantId, 3: grant })], [10, map({ 0: this.owner, 1: bundleId })], [200, 'to be ignored'],
    ];
    return this.signed(this.header(1, 0, randomBytes(32)), encode(map({ 0: 0, 2: [1, 0], 3: [], 4: changes })));
  }

  revokeWriter(kept) {
    const entry = encode(map({ 0: 1, 1: this.head[1], 2: [2, 0], 3: [], 4: [[9, map({ 0: this.writer, 1: kept })]] }));
    return this.put('register/0000000001', this.signed(this.header(1, 0, randomBytes(32)), entry));
  }

  // Replaces a manifest by a removal record.
  remove({ objectId, hash, sequence, before }) {
    const id = randomBytes(32), header = this.header(9, 1, id), reasons = blob(this.keys.metadata, 'sb1/meta', header, encode(['why']));
    const removed = map({ 0: objectId, 1: hash, 2: this.writer, 3: sequence, 4: before ? [before] : [] });
    this.put(nameOf('removals', id), this.signed(header, encode(map({ 0: this.head, 1: [removed], 2: [], 3: [3, 0], 4: reasons }))));
    rmSync(join(this.root, nameOf('snapshots', objectId)));
  }

  async unlockers(memory = 19456) {
    const salt = randomBytes(16), password = Buffer.from(this.passphrase.normalize('NFKC'));
    const key = await argon2id({ password, salt, memorySize: Math.max(memory, 8), iterations: 2, parallelism: 1, hashLength: 32, outputType: 'binary' });
    const put = (kind, parameters, root) => {
      const id = randomBytes(32), header = this.header(3, 0, id);
      const body = encode(map({ 0: kind, 1: map(parameters), 2: blob(root, 'sb1/unlock', header, this.bundleKey), 3: 'label', 4: [1, 0], 5: this.owner }));
      this.put(nameOf('keys', id), joined(header, u32(body.length), body));
    };
    put('passphrase', { 0: 'argon2id', 1: memory, 2: 2, 3: salt }, Buffer.from(key));
    put('key-file', {}, this.secret);
  }

  ownerKey() {
    const body = encode(map({ 0: this.vaultId, 1: this.head[1], 2: this.head, 3: this.secret })).toString('base64').replace(/(.{64})/g, '$1\n');
    return `-----BEGIN SECUREBACKUP OWNER KEY-----\n${body}\n-----END SECUREBACKUP OWNER KEY-----\n`;
  }

  chunk(plain) {
    const id = hmac(this.keys.chunkId, Buffer.alloc(32), u64(plain.length), sha256(plain));
    if (!this.chunks.some(c => c.id.equals(id))) this.chunks.push({ id, plain });
    return id;
  }

  // files: [{ path: [Buffer], kind, data, … further entry keys in `more` }] in order.
  listing(files) {
    const entries = files.map(f => map({ 0: f.path, 1: f.kind, 3: f.data?.length || undefined, 4: [1, 0], 15: f.kind === 1 ? [0, f.data?.length ? [this.chunk(f.data)] : []] : undefined, ...f.more }));
    const halves = [entries.slice(0, 2), entries.slice(2)], slices = [files.slice(0, 2), files.slice(2)];
    const pages = halves.map((h, i) => [slices[i][0].path, slices[i].at(-1).path, h.length, this.chunk(encode(map({ 0: 0, 1: h })))]);
    const identities = this.chunk(Buffer.alloc(32 * files.length));
    return map({ 0: [1, this.chunk(encode(map({ 0: 1, 1: pages })))], 1: [0, [identities]], 2: [[files[0].path[0], '/somewhere', 'linux']], 3: [] });
  }

  pack() {
    const id = randomBytes(32), header = this.header(4, 1, id), { cipherText, sharedSecret } = xwing.encapsulate(this.identityKey);
    const frames = new Sealer(Buffer.from(sharedSecret), 'sb1/pack', header), parts = [header, Buffer.from(cipherText), frames.commitment];
    let offset = 1232;
    this.chunks.forEach((c, n) => {
      const stored = frames.frame(n, c.plain, false, joined(c.id, u32(c.plain.length), u8(0, 0)));
      parts.push(stored);
      Object.assign(c, { offset, frameBytes: stored.length, number: n });
      offset += stored.length;
    });
    const records = this.chunks.map(c => joined(c.id, u32(c.frameBytes), u32(c.plain.length), Buffer.alloc(8)));
    const unsigned = joined(u32(records.length), ...records, sha256(...parts), this.owner), table = new Sealer(this.keys.index, 'sb1/table', header);
    const sealed = table.cut(joined(unsigned, this.sign([header, unsigned])), 1), locator = joined(u32(offset), u32(sealed.length), u32(records.length), u32(0));
    const bytes = this.put(nameOf('packs', id), joined(...parts, sealed, randomBytes(99), table.commitment, table.frame(0, locator, false)));
    return { id, bytes };
  }

  segment(pack) {
    const id = randomBytes(32), header = this.header(5, 1, id), sealer = new Sealer(this.keys.index, 'sb1/index', header);
    const sorted = [...this.chunks].sort((a, b) => Buffer.compare(a.id, b.id)), number = c => { const b = Buffer.alloc(2); b.writeUInt16LE(c.number); return b; };
    const page = (n, ...records) => sealer.frame(n, joined(...records, Buffer.alloc(16384)).subarray(0, 16384), false);
    const pages = [page(0, ...sorted.map(c => joined(c.id, u32(0), u32(c.offset), u32(c.frameBytes), u32(c.plain.length), u8(0, 0), number(c)))),
      page(1, pack.id, sha256(pack.bytes), this.owner, u32(pack.bytes.length), u32(sorted.length))];
    const footer = sealer.cut(encode(map({ 0: this.head, 1: sorted.length, 2: 1, 3: sorted[0].id, 4: joined(...pages.map(p => sha256(p))), 5: [], 6: [1, 0] })), 2);
    const signatures = encode([[1, this.owner, this.sign([header, sealer.commitment, footer])]]);
    this.put(nameOf('index', id), joined(header, sealer.commitment, ...pages, footer, signatures, u32(footer.length), u32(signatures.length)));
  }

  manifest(ownerPart, pack, files, { before, sequence = 0, isWriters = false } = {}) {
    const id = randomBytes(32), { metadata, names } = this.keys, refId = hmac(derived(names, 'sb1/refs'), pack.id), refHeader = this.header(6, 1, refId), header = this.header(7, 1, id);
    this.put(nameOf('refs', refId), joined(refHeader, blob(metadata, 'sb1/meta', refHeader, pack.id)));
    const regular = files.filter(f => f.kind === 1), contentBytes = regular.reduce((n, f) => n + (f.data?.length ?? 0), 0), dataSet = 'shop';
    const meta = encode(map({ 0: hmac(derived(names, 'sb1/data-set'), Buffer.from(dataSet)), 1: dataSet, 2: [1, 0], 3: [2, 0], 4: 'host', 5: [], 6: files.length, 7: contentBytes, 8: 0, 9: 0, 10: 0, 11: [refId], 12: 1, 13: regular.length }));
    const body = map({ 0: this.head, 1: isWriters ? this.writer : this.owner, 2: sequence, 3: before, 4: [], 5: randomBytes(32), 6: blob(metadata, 'sb1/meta', header, meta), 7: envelope(this.identityKey, 'sb1/owner', header, encode(ownerPart)) });
    const stored = this.put(nameOf('snapshots', id), this.signed(header, encode(body), isWriters));
    return { objectId: id, hash: sha256(stored), sequence, before, pack, ownerPart };
  }
}
